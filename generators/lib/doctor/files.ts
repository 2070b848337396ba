import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ANSWERS_YAML, YO_RC } from '../answers/yo-rc.ts';
import { OWN } from '../apply/state.ts';
import type { Manifest } from '../manifest/content.ts';
import { keptPaths, MANIFEST } from '../manifest/manifest.ts';
import { readDisk } from '../plan/disk.ts';
import { hasMarkers } from '../plan/markers.ts';
import { type DiskEntry, sidecarOf } from '../plan/types.ts';
import { isNeeded } from '../render/files.ts';
import { lstat } from '../system/files.ts';
import { ignoredPaths, neverCommitted } from '../system/git.ts';
import { plainWord } from '../text/quote.ts';
import { type Change, changedFiles, isOpen } from '../verbs/change.ts';
import { check } from '../verbs/upgrade.ts';
import { error, type Finding, fromError, named, ok, plural, warning } from './finding.ts';
import { checkLauncher, LAUNCHER } from './launcher.ts';
import { checkStore } from './store.ts';

/** What is at some paths of a project. */
type Files = ReadonlyMap<string, DiskEntry | undefined>;

/** The files of a project as they are on the disk: conflicts, line ends, modes and names. */
export function checkFiles(root: string, manifest: Manifest): Finding[] {
  const paths = [...Object.keys(manifest.files), ...manifest.seeds, ...manifest.adopted];
  const disk = readDisk(root, [...paths, ...Object.keys(manifest.conflicts).map(sidecarOf)]);
  return [
    ...checkConflicts(root, manifest, disk),
    ...checkDeleted(root, manifest, disk),
    ...checkLauncher(root, disk.get(LAUNCHER)),
    checkLineEnds(root, disk),
    checkNames(root, disk),
  ];
}

function checkConflicts(root: string, manifest: Manifest, disk: Files): Finding[] {
  const resolve = (path: string) =>
    `resolve it, then \`makina-image resolve ${plainWord(join(root, path))} --merged\` (or --ours, --theirs)`;
  const marked = [...disk].filter(([, entry]) => entry?.kind === 'file' && hasMarkers(entry.bytes));
  const beside = Object.keys(manifest.conflicts).filter((path) => disk.get(sidecarOf(path)));
  const findings = [
    ...marked.map(([path]) => {
      const fix = manifest.conflicts[path] ? resolve(path) : 'edit the markers away';
      return error('conflicts', 'it has conflict markers', join(root, path), fix);
    }),
    ...beside.map((path) =>
      warning('conflicts', 'a newer version is beside it, .makina-image-new', join(root, path), resolve(path)),
    ),
  ];
  return findings.length > 0 ? findings : [ok('conflicts', 'no conflict is open')];
}

function checkDeleted(root: string, manifest: Manifest, disk: Files): Finding[] {
  const missing = [...keptPaths(manifest), ...manifest.seeds].filter((path) => !disk.get(path));
  const lost = neverCommitted(root, missing, MANIFEST);
  const gone = missing.filter((path) => !lost.includes(path) && !manifest.seeds.includes(path));
  const never = lost.length > 0 ? [neverCame(root, manifest, lost)] : [];
  if (gone.length > 0) return [...never, checkGone(root, manifest, gone)];
  return never.length > 0 ? never : [ok('deleted', 'every generated file is there')];
}

function neverCame(root: string, manifest: Manifest, lost: string[]): Finding {
  const seeds = lost.filter((path) => manifest.seeds.includes(path));
  const again = [
    ...(seeds.length < lost.length
      ? [`\`makina-image upgrade ${plainWord(root)}\` writes what you had not edited`]
      : []),
    ...(seeds.length > 0 ? [`a first version comes from: makina-image restore ${typed(root, seeds)}`] : []),
  ];
  return warning(
    'deleted',
    `${named(lost)}: missing, since git ignores ${itOrThem(lost)} and has never had ${itOrThem(lost)}`,
    root,
    `where they still are: git -C ${plainWord(root)} add --force ${lost.map(plainWord).join(' ')}; elsewhere ${again.join(', and ')}`,
  );
}

/** Files as words of a command that works in any folder. */
const typed = (root: string, files: readonly string[]) => files.map((path) => plainWord(join(root, path))).join(' ');

const itOrThem = ({ length }: readonly string[]) => (length > 1 ? 'them' : 'it');

function checkGone(root: string, manifest: Manifest, gone: string[]): Finding {
  const needed = gone.filter((path) => manifest.kind === 'base' || isNeeded(path));
  if (needed.length === 0) return ok('deleted', `you deleted ${named(gone)}`);
  const what = `you deleted ${named(needed)}, and the image may need what you deleted`;
  return warning('deleted', what, root, `makina-image restore ${typed(root, needed)}`);
}

function checkLineEnds(root: string, disk: Files): Finding {
  const crlf = [...disk].flatMap(([path, entry]) =>
    entry?.kind === 'file' && entry.bytes.includes('\r\n') ? [path] : [],
  );
  if (crlf.length === 0) return ok('line-ends', 'all files have Unix line ends');
  const fix = `put \`* text=auto eol=lf\` into .gitattributes, then: sed -i 's/\\r$//' ${typed(root, crlf)}`;
  const what = `${plural(crlf.length, 'file')} with Windows line ends: ${named(crlf)}`;
  // The kernel looks for an interpreter whose name ends with a carriage return.
  if (crlf.includes(LAUNCHER)) return error('line-ends', what, join(root, LAUNCHER), fix);
  return warning('line-ends', what, join(root, crlf[0] as string), fix);
}

/** On a disk that ignores case, the name in capitals finds a file that its folder does not list. */
function checkNames(root: string, disk: Files): Finding {
  const [path] = [...disk].find(([, entry]) => entry?.kind === 'file') ?? [];
  const other = path && join(dirname(path), basename(path).toUpperCase());
  const isSame =
    other !== undefined &&
    other !== path &&
    fs.existsSync(join(root, other)) &&
    !fs.readdirSync(join(root, dirname(path as string))).includes(basename(other));
  if (!isSame) return ok('file-names', 'the disk distinguishes upper and lower case');
  return ok('file-names', 'the disk ignores case, and the image does not: spell each name the same everywhere');
}

function isOnDisk(root: string, path: string): boolean {
  return lstat(join(root, path)) !== undefined;
}

/**
 * Whether git leaves out what a fresh clone needs.
 * @param isInYaml whether the answers are in answers.yaml
 */
export function checkIgnored(root: string, manifest: Manifest | undefined, isInYaml = false): Finding[] {
  const answers = [...(fs.existsSync(join(root, YO_RC)) ? [YO_RC] : []), ...(isInYaml ? [ANSWERS_YAML] : [])];
  const own = [MANIFEST, `${OWN}/base/x`, ...answers];
  const all = manifest ? [...keptPaths(manifest), ...manifest.seeds] : [];
  const generated = all.filter((path) => !own.includes(path) && isOnDisk(root, path));
  let ignored: ReturnType<typeof ignoredPaths>;
  try {
    ignored = ignoredPaths(root, [...own, ...generated]);
  } catch (failure) {
    const finding = fromError('git', failure, root);
    const fix = `${finding.fix?.replace(', or use --allow-dirty', '')}; no verb merges into your edits without git`;
    return [{ ...finding, level: 'warning', fix }];
  }
  const sources = [...new Set(ignored.map(({ source }) => source))];
  return sources.map((source) => {
    const paths = ignored.filter((each) => each.source === source).map(({ path }) => path);
    const isOwn = paths.some((path) => own.includes(path));
    const verb = !isOwn && paths.length > 1 ? 'are' : 'is';
    const what = isOwn ? (answers.find((path) => paths.includes(path)) ?? `${OWN}/`) : named(paths);
    const lost = isOwn ? 'a fresh clone cannot be upgraded without it' : `a fresh clone would lack ${itOrThem(paths)}`;
    const added = isOwn ? [OWN, ...answers] : paths;
    return warning(
      'git',
      `${what} ${verb} ignored, and ${lost}`,
      source,
      `remove that pattern, then: git -C ${plainWord(root)} add ${added.map(plainWord).join(' ')}`,
    );
  });
}

/** Whether the project is what this generator makes of its answers, as `check` reports, and has what the next merge needs. */
export function checkSync(root: string): Finding[] {
  let change: Change;
  try {
    change = check(root, { conflict: 'abort', allowDowngrade: true });
  } catch (failure) {
    return [fromError('sync', failure, root)];
  }
  return [syncOf(root, change), ...checkStore(change)];
}

function syncOf(root: string, change: Change): Finding {
  const { files } = change.plan;
  const paths = files.filter(({ action }) => !QUIET.includes(action)).map(({ path }) => path);
  if (!isOpen(change) && changedFiles(change).length === 0)
    return ok('sync', 'the files match the answers and your edits');
  const project = plainWord(root);
  const shown = `\`makina-image diff ${project}\` shows it`;
  if (files.some(({ reason }) => reason === 'unresolved'))
    return warning('sync', `an upgrade waits for ${named(paths)}`, root, 'resolve the open conflicts first');
  if (isOpen(change)) {
    const fix = `${shown}, \`makina-image upgrade --conflict=markers ${project}\` lets you resolve it in the files`;
    return warning('sync', `an upgrade would conflict in ${named(paths)}`, root, fix);
  }
  return warning(
    'sync',
    `an upgrade would change ${named(paths)}`,
    root,
    `${shown}, \`makina-image upgrade ${project}\` does it`,
  );
}

const QUIET = ['user-edit', 'unchanged', 'converged', 'deleted-by-user'];
