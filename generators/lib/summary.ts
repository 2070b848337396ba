import { relative } from 'node:path';
import { runFlags } from './model/docker-run.ts';
import type { Image } from './model/schema.ts';
import { minorVersion } from './package.ts';
import { shell } from './quote/quote.ts';
import type { Report } from './report.ts';
import type { StanzaResult } from './stanza/stanza.ts';
import type { Diff } from './upgrade.ts';
import type { Written } from './write.ts';

type Change = Exclude<StanzaResult, { list: string }>;

/**
 * What `new` and `ci` tell when they are done: how much was written, and what to type next. The image is built where something in
 * it is new; a change of what was there belongs in its repository.
 * @param cwd the folder the next commands are typed in
 * @param baseCommand how the reader calls the verb `base`
 */
export function summary(image: Image, written: Written, cwd: string, baseCommand: string): string {
  const changed = changes(written);
  if (changed.length === 0 || written.conflicts) return outcome(written);
  const enter = written.destination === cwd ? '' : `cd ${word(relative(cwd, written.destination))} && `;
  const isNew = changed.some(({ action, path }) => action === 'created' && path === '.yo-rc.json');
  const ownBase = isNew && image.base_image === `makina-image-base:${minorVersion}`;
  const base = `  ${baseCommand} base-image && docker build -t ${image.base_image} base-image   # once`;
  const build = [
    `  ${enter}docker build -t ${image.name} -f project/Dockerfile .`,
    `  docker run --rm -it -p ${image.publish}:80 -v "$PWD/data:/srv/projects/${image.name}/data"${runFlags(image)} ${image.name}`,
  ];
  const isInImage = changed.some(({ path }) => /^(custom\.sls|pillar\/|project\/)/.test(path));
  const steps = [
    ...(ownBase ? [base] : []),
    ...(isInImage ? build : []),
    ...(isNew ? [] : [`  ${isInImage ? '' : enter}git add -A . && git commit   # with .makina-image/`]),
  ];
  return `${outcome(written)} Next:\n\n${steps.join('\n')}\n`;
}

/** The same for the verbs that change one entry of the model. */
export function stanzaSummary({ done, dryRun, written }: Change, cwd: string, baseCommand: string): string {
  return `${done}\n${dryRun ? wouldWrite(written) : summary(written.image, written, cwd, baseCommand)}`;
}

/** The same for `base`. */
export function baseSummary(written: Written, cwd: string): string {
  if (changes(written).length === 0 || written.conflicts) return outcome(written);
  return `${outcome(written)} Next:

  docker build -t makina-image-base:${minorVersion} ${word(relative(cwd, written.destination) || '.')}
`;
}

/** What a dry run tells: the files that would be written. */
function wouldWrite(written: Written): string {
  const lines = changes(written).map(({ path, action, reason }) =>
    action === 'conflict' ? toldConflict({ path, reason }, false) : `  ${TO_DO[action] ?? action} ${path}`,
  );
  return [`${written.destination}: ${lines.length > 0 ? 'would change' : 'in sync'}`, ...lines].join('\n');
}

const changes = ({ files }: Written) => files.filter(({ before, after }) => before !== after);

function outcome(written: Written): string {
  const { destination, files } = written;
  const count = changes(written).length;
  const done = count === 0 ? 'nothing was written' : `${count} ${count === 1 ? 'file' : 'files'} written`;
  const left = files.filter(({ action, settled }) => action === 'conflict' && !settled);
  if (left.length > 0)
    return `${done} to ${destination}. These conflicts are left for you, then \`makina-image resolve PATH\`:\n${left.map((file) => toldConflict(file)).join('\n')}`;
  return count === 0 ? `${destination} is up to date, ${done}.` : `${done} to ${destination}.`;
}

/** One line of a conflict that is left for the user. */
export function toldConflict({ path, reason }: { path: string; reason?: string }, written = true): string {
  const text = REASONS[reason ?? ''] ?? String(reason);
  // After the semicolon stands what was done.
  return `  ${path}: ${written ? text : text.replace(/;.*/, '')}`;
}

const REASONS: Record<string, string> = {
  content: 'you and the templates changed the same lines',
  binary:
    'you and the templates changed it, and it cannot be merged by line; the new one is beside it, .makina-image-new',
  'both-added': 'it was there already, and is another one; the new one is beside it, .makina-image-new',
  'template-deleted': 'the templates have it no more; your edits stay, and it is yours from now on',
  'type-changed': 'there is a link or a folder in its place',
  'base-missing': 'what was merged in last is not in .makina-image/base; the new one is beside it, .makina-image-new',
  unresolved: 'a conflict of an earlier run',
};

/** What check and upgrade tell of a project. */
export function told({ project, result, written, files }: Report): string {
  const open = written
    ? 'has conflicts for you to settle, then `makina-image resolve PATH`'
    : 'conflicts, nothing was written; --conflict=markers, sidecar, ours or theirs says how an upgrade goes on';
  const head = {
    'in-sync': 'in sync',
    'would-change': 'would change',
    changed: 'changed',
    conflicts: open,
    error: 'error',
  }[result];
  const quiet = ['user-edit', 'adopted', 'converged'];
  const lines = files
    .filter(({ action, reason }) => !quiet.includes(action) && !(action === 'deleted-by-user' && !reason))
    .map(({ path, action, reason }) =>
      action === 'conflict'
        ? toldConflict({ path, reason }, written)
        : `  ${written ? action : (TO_DO[action] ?? action)} ${path}`,
    );
  return [`${project}: ${head}`, ...lines].join('\n');
}

const TO_DO: Record<string, string> = { created: 'create', updated: 'update', merged: 'merge', removed: 'remove' };

/** `diff --stat` */
export function statOf(stat: Diff['stat']): string {
  return stat
    .map(({ path, added, removed, binary }) => ` ${path} | ${binary ? 'binary' : `+${added} -${removed}`}\n`)
    .join('');
}

/** A word that needs no quotes stays without. */
function word(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : shell(path);
}
