import { join, relative } from 'node:path';
import { warningsOf } from '../model/warnings.ts';
import { minorVersion } from '../package.ts';
import { OLDER, renewed, vendoredText } from '../project/own-runtime.ts';
import { missingSources } from '../project/sources.ts';
import { earlyFiles } from '../render/copied.ts';
import { isInImage } from '../render/files.ts';
import { isFormerRuntime, movedCode, RUNTIME, runtimeFolder } from '../render/moved-runtime.ts';
import { lstat } from '../system/files.ts';
import { plainWord } from '../text/quote.ts';
import { diffStat } from '../text/unified.ts';
import { type Change, changedFiles, isOpen } from '../verbs/change.ts';
import type { ProjectChange } from '../verbs/new.ts';
import type { StanzaChange } from '../verbs/stanza/stanza.ts';
import type { Report } from './report.ts';
import type { Style } from './style.ts';
import { tree } from './tree.ts';

/** Who reads a summary. */
export interface Reader {
  /** The folder where the next commands are typed. */
  cwd: string;
  /** How this reader types `makina-image`. */
  command: string;
  /** Undefined if the reader has seen the tree of files already. */
  style: Style | undefined;
}

/**
 * What `new` and `ci` print at the end: how much was written, and what to type next. Build if a file of the image changed, commit if
 * the project is not new.
 */
export function summary(change: ProjectChange, { cwd, command, style }: Reader): string {
  const { image, project } = change;
  const { root } = project;
  const changed = changedFiles(change);
  const warnings = [
    ...(change.code === undefined ? [] : [codeText(change.code)]),
    ...warningsOf(image).map(({ path, message, fix }) => `\n  ${path.join('.')} ${message}${fix ? `; ${fix}` : ''}`),
    ...earlyFiles(image)
      .filter((path) => !lstat(join(root, 'project', path)))
      .map((path) => `\n  project/${path} is not there yet: the build stops without it`),
    ...(['configs', 'seeds'] as const).flatMap((kind) =>
      missingSources(root, image, kind).map(
        ([name, source]) => `\n  ${kind}.${name}.source project/${source} is not there yet: the build stops without it`,
      ),
    ),
  ];
  const { vendored = [] } = project;
  const kept = vendored.length > 0 ? `\n\n${vendoredText(root, vendored)}` : '';
  const older = change.plan.files
    .filter(({ from, reason }) => from && reason === 'template-changed')
    .map(({ path }) => `\n\n${path}: ${OLDER}; ${renewed(root, path)}`)
    .join('');
  const drawn = change.drawn?.length ? `\n\nNew secrets, which git ignores: ${change.drawn.join(', ')}` : '';
  const done =
    outcome(change, style) + drawn + kept + older + (warnings.length > 0 ? `\n\nWarnings:\n${warnings.join('')}` : '');
  if (changed.length === 0 || isOpen(change)) return done;
  const folder = root === cwd ? '' : plainWord(relative(cwd, root));
  const enter = folder ? `cd ${folder} && ` : '';
  const isBuiltAgain = changed.some(({ path }) => isInImage(path));
  const steps = [
    ...(isBuiltAgain ? [`  ${command} up${folder && ` ${folder}`}   # builds it, runs it and prints its address`] : []),
    ...(project.manifest ? [`  ${enter}git add -A . && git commit   # with .makina-image/`] : []),
  ];
  return `${done}\n\nNext:\n\n${steps.join('\n')}\n`;
}

/** The same for the verbs that change one entry of the model. */
export function stanzaSummary({ done, change }: StanzaChange, reader: Reader): string {
  return `${done}\n${summary(change, reader)}`;
}

/** The same for `base`. */
export function baseSummary(change: Change, { cwd, style }: Omit<Reader, 'command'>): string {
  if (changedFiles(change).length === 0 || isOpen(change)) return outcome(change, style);
  return `${outcome(change, style)}\n\nNext:

  docker build -t makina-image-base:${minorVersion} ${plainWord(relative(cwd, change.project.root) || '.')}
`;
}

/** Why a stack brought no application. */
function codeText(place: string): string {
  const todo =
    place === 'project/app'
      ? 'correct the answers that name files of another one'
      : 'move it to project/app, which the image takes';
  return `\n  the stack added no application, because there is one in ${place}: ${todo}`;
}

function outcome(change: Change, style: Style | undefined): string {
  const { project, plan } = change;
  const count = changedFiles(change).length;
  const done = count === 0 ? 'nothing was written' : `${count} ${count === 1 ? 'file' : 'files'} written`;
  const left = plan.files.filter(({ action, resolved }) => action === 'conflict' && !resolved);
  if (count === 0 && left.length === 0) return `${project.root} is up to date, ${done}.`;
  const what = `${done} to ${project.root}${count > 0 && style ? `:\n\n${tree(plan, style)}` : '.'}`;
  if (left.length === 0) return what;
  const conflicts = left.map((file) => conflictText(project.root, file)).join('\n');
  return `${what}\n\nThese conflicts are left for you:\n${conflicts}`;
}

/** A conflict that is left for the user, and the command that resolves it. */
export function conflictText(
  root: string,
  { path, reason }: { path: string; reason?: string },
  written = true,
): string {
  const text = reasonOf(path, reason);
  // The part after the semicolon says what was done.
  if (!written) return `  ${path}: ${text.replace(/;.*/, '')}`;
  const full = plainWord(join(root, path));
  if (reason === 'template-deleted') return `  ${path}: ${text}`;
  const sides = reason === 'code-moved' && movedCode.get(path)?.what === 'code' ? '--theirs' : '--ours, --theirs';
  const next =
    reason === 'type-changed'
      ? `move it away, then makina-image restore ${full}`
      : `edit it, then makina-image resolve ${full} --merged (or ${sides})`;
  return `  ${path}: ${text}\n    ${next}`;
}

function reasonOf(path: string, reason = ''): string {
  if (reason === 'template-deleted' && path.startsWith(`${RUNTIME}/`))
    return `the base image brings the runtime; move your edits into a step of your own and delete ${RUNTIME}, or the build stops`;
  if (reason === 'template-deleted' && isFormerRuntime(path))
    return 'the runtime has moved, and nothing reads it here; move your edits into a step of your own, or into a runtime of the project';
  if (reason === 'code-moved')
    return `it is only a few lines now, and ${movedCode.get(path)?.now}; your edits are in it, with markers`;
  return REASONS[reason] ?? reason;
}

const REASONS: Record<string, string> = {
  content: 'you and the templates changed the same lines',
  binary:
    'you and the templates both changed it, and it cannot be merged line by line; the new version is beside it, .makina-image-new',
  'both-added': 'a different file was there already; the new version is beside it, .makina-image-new',
  'template-deleted': 'the templates no longer have it; your edits stay, and the file is yours from now on',
  'type-changed': 'a link or a folder is in its place',
  'base-missing':
    'the version that was merged last is not in .makina-image/base; the new version is beside it, .makina-image-new',
  unresolved: 'a conflict of an earlier run is still open',
};

/** What check and upgrade print of a project. */
export function reportText({ project, result, written, files, vendored = [] }: Report): string {
  const isOld = files.every(({ action, reason }) => action !== 'conflict' || reason === 'unresolved');
  const open =
    written || isOld
      ? 'has conflicts for you to resolve'
      : 'conflicts, nothing was written; choose what upgrade does about them with --conflict=markers, sidecar, ours or theirs';
  const head = {
    'in-sync': 'in sync',
    'would-change': 'would change',
    changed: 'changed',
    conflicts: open,
    error: 'error',
  }[result];
  const quiet = ['user-edit', 'unchanged', 'converged'];
  const word = (action: string) => (written ? action : (TO_DO[action] ?? action));
  const folded = new Map<string, number>();
  const sources = new Set(files.map(({ from }) => from));
  const lines = files
    .filter(({ path, action }) => !quiet.includes(action) && !(action === 'removed' && sources.has(path)))
    .filter(({ action, reason }) => action !== 'deleted-by-user' || reason)
    .flatMap(({ path, from, action, reason }) => {
      if (action === 'conflict') return [conflictText(project, { path, reason }, written || reason === 'unresolved')];
      const move = written ? 'moved' : 'move';
      if (from && reason === 'template-changed') return [`  ${move} ${path}: ${OLDER}; ${renewed(project, path)}`];
      const folder = action === 'merged' ? undefined : runtimeFolder(path);
      if (!folder) return [`  ${word(action)} ${path}${reason === 'never-committed' ? NEVER : ''}`];
      const key = from ? `${move} the runtime to ${folder}` : `${word(action)} the runtime in ${folder}`;
      folded.set(key, (folded.get(key) ?? 0) + 1);
      return [];
    });
  // No one reads these files one by one.
  for (const [key, count] of folded) lines.push(`  ${key} (${count} ${count === 1 ? 'file' : 'files'})`);
  const kept = vendored.length > 0 ? [`  ${vendoredText(project, vendored)}`] : [];
  return [`${project}: ${head}`, ...lines, ...kept].join('\n');
}

const NEVER = ': git ignores it, and has never had it';
const TO_DO: Record<string, string> = { created: 'create', updated: 'update', merged: 'merge', removed: 'remove' };

/** `diff --stat` */
export function statOf(change: Change): string {
  const lines = changedFiles(change).map(({ path, before, after }) => {
    const { added, removed, binary } = diffStat(before, after);
    return ` ${path} | ${binary ? 'binary' : `+${added} -${removed}`}\n`;
  });
  return lines.join('');
}
