import { fileState } from '../apply/state.ts';
import { commit } from '../apply/transaction.ts';
import type { Transaction, Write } from '../apply/types.ts';
import { EXIT, UserError } from '../errors.ts';
import { refuseBlank } from '../manifest/blank.ts';
import { MANIFEST } from '../manifest/manifest.ts';
import { backupOf, isBlankBase, readBase, storeWrites } from '../manifest/store.ts';
import { version } from '../package.ts';
import { changesOf, type FileChange } from '../plan/changes.ts';
import { checkFolders, readDisk } from '../plan/disk.ts';
import { type ConflictMode, type Disk, type Plan, plan, sidecarOf } from '../plan/plan.ts';
import type { Project } from '../project/project.ts';
import { renames } from '../render/files.ts';
import { shortened } from '../render/moved-runtime.ts';
import { sha256Of } from '../sha256.ts';
import { dirtyPaths, historyOf, neverCommitted } from '../system/git.ts';

/** What a run does to a project: every verb that writes returns one, and the output reads it. */
export interface Change {
  project: Project;
  plan: Plan;
  isWritten: boolean;
}

/** What is written of a plan for the user, which is not what the engine keeps for itself. */
export function changedFiles({ plan }: Pick<Change, 'plan'>): FileChange[] {
  return changesOf(plan);
}

/** Whether conflicts are left for the user. */
export function isOpen({ plan }: Pick<Change, 'plan'>): boolean {
  return plan.files.some(({ action, settled }) => action === 'conflict' && !settled);
}

/** The same change, told with the path that its reader knows. */
export function withRoot<C extends Change>(root: string, change: C): C {
  return { ...change, project: { ...change.project, root } };
}

/** Where the templates moved a file. */
const targets = new Map(renames.map(({ from, to }) => [from, to]));

/** Plans what brings a project to its rendering; reads, and writes nothing. */
export function examine(project: Project, mode: ConflictMode): Change {
  const { root, manifest, theirs } = project;
  checkFolders(root, theirs.dirs);
  const paths = new Set([...theirs.files.keys(), ...Object.keys(manifest?.files ?? {})]);
  // A seed that was written once is the user's, as what was adopted: it is not even looked at.
  for (const path of manifest?.seeds ?? []) if (theirs.files.get(path)?.policy === 'seed') paths.delete(path);
  for (const path of manifest?.adopted ?? []) {
    const target = targets.get(path);
    if (target && theirs.files.has(target)) paths.add(path);
    else paths.delete(path);
  }
  let disk = readDisk(root, [...paths, ...Object.keys(manifest?.conflicts ?? {}).map(sidecarOf)], theirs.files);
  refuseCutOff(project, disk);
  const input = {
    disk,
    manifest,
    bases: basesToMerge(project, disk),
    theirs,
    mode,
    kind: project.kind,
    uncertain: project.uncertain,
    generator: version,
    renames,
    shortened,
  };
  let found = plan(input);
  const gone = found.files.flatMap(({ path, action }) => (action === 'deleted-by-user' ? [path] : []));
  const lost = gone.length > 0 ? neverCommitted(root, gone, MANIFEST) : [];
  if (lost.length > 0) found = plan({ ...input, lost: new Set(lost) });
  // What is where a sidecar goes matters only then.
  const unread = [...found.sidecars.keys()].filter((path) => !disk.has(path));
  if (unread.length > 0) {
    disk = new Map([...disk, ...readDisk(root, unread)]);
    found = plan({ ...input, disk, lost: new Set(lost) });
  }
  return { project, plan: found, isWritten: false };
}

/**
 * Carries out a change, all or nothing.
 * @param allowDirty merge into files whose edits git does not have
 * @throws UserError (internal) for such a file
 */
export function apply<C extends Change>(change: C, { allowDirty = false }: { allowDirty?: boolean } = {}): C {
  if (!allowDirty) refuseDirty(change);
  commit(change.project.root, transactionOf(change));
  return { ...change, isWritten: true };
}

/** What a change writes, with what the engine keeps for itself; reads the engine's folder. */
export function transactionOf({ project, plan }: Change): Transaction {
  const changed = changesOf(plan);
  return {
    writes: [
      ...changed.map(({ path, after }) => writeOf(path, after)),
      ...plan.backups.map((bytes) => backupOf(bytes)),
      ...storeWrites(project.root, project.manifest, plan.manifest, knownBytes(project)),
    ],
    dirs: project.theirs.dirs,
    expected: new Map(changed.map(({ path, before }) => [path, before && fileState(before.bytes, before.executable)])),
  };
}

/** What was or is rendered for a project. */
export function knownBytes({ theirs, pastBases }: Project): Buffer[] {
  return [...[...theirs.files.values()].map(({ bytes }) => bytes), ...pastBases.values()];
}

function writeOf(path: string, side: FileChange['after']): Write {
  return side ? { kind: 'write', path, bytes: side.bytes, executable: side.executable } : { kind: 'delete', path };
}

/** An edit that is merged and not in git could not be taken back. */
function refuseDirty({ project, plan }: Change): void {
  const edited = plan.files.filter(
    ({ action, from, before, after }) =>
      (action === 'merged' || action === 'conflict') && (from || (before && before !== after)),
  );
  const paths = edited.map(({ from, path }) => from ?? path);
  const dirty = paths.length > 0 ? dirtyPaths(project.root, paths) : [];
  if (dirty.length === 0) return;
  throw new UserError(
    `${project.root}: git does not have your edits of ${dirty.join(', ')}, which would be merged; commit them, or use --allow-dirty`,
    EXIT.internal,
  );
}

/** A file that is empty, and its base with it, is no edit. */
function refuseCutOff({ root, manifest }: Project, disk: Disk): void {
  for (const [path, { sha256 }] of Object.entries(manifest?.files ?? {})) {
    const ours = disk.get(path);
    if (ours?.kind !== 'file' || ours.bytes[0] || sha256Of(ours.bytes) === sha256) continue;
    if (isBlankBase(root, sha256)) refuseBlank(root, path, ours.bytes);
  }
}

/** The bases of the files that both sides changed. */
function basesToMerge({ root, manifest, theirs, pastBases }: Project, disk: Disk): Map<string, Buffer> {
  const bases = new Map<string, Buffer>();
  for (const [path, { sha256 }] of Object.entries(manifest?.files ?? {})) {
    const ours = disk.get(path);
    const next = theirs.files.get(path) ?? theirs.files.get(targets.get(path) ?? '');
    // Most files are what is rendered.
    if (!next || ours?.kind !== 'file' || (ours.bytes === next.bytes && ours.executable === next.executable)) continue;
    const pending = manifest?.conflicts[path];
    const needed = pending && !disk.get(sidecarOf(path)) ? pending.theirs : sha256;
    // What is rendered was hashed before, for another project.
    if (sha256Of(next.bytes) === needed || sha256Of(ours.bytes) === needed) continue;
    const base = pastBases.get(needed) ?? readBase(root, needed) ?? committed(root, path, needed);
    if (base) bases.set(path, base);
  }
  return bases;
}

/** What was rendered was committed before anybody edited it, as a rule. */
function committed(root: string, path: string, sha256: string): Buffer | undefined {
  const versions = historyOf(root, path, []).flatMap((files) => files.get(path) ?? []);
  return versions.find((bytes) => sha256Of(bytes) === sha256);
}
