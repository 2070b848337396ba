import { fileState } from '../apply/state.ts';
import { commit } from '../apply/transaction.ts';
import type { Transaction, Write } from '../apply/types.ts';
import { EXIT, UserError } from '../errors.ts';
import { refuseBlank } from '../manifest/blank.ts';
import { keptPaths, MANIFEST } from '../manifest/manifest.ts';
import { backupOf, isBlankBase, readBase, storeWrites } from '../manifest/store.ts';
import { version } from '../package.ts';
import { changesOf, type FileChange } from '../plan/changes.ts';
import { checkFolders, diskOf } from '../plan/disk.ts';
import { plan } from '../plan/plan.ts';
import type { ConflictMode, Disk, Plan } from '../plan/types.ts';
import type { Project } from '../project/project.ts';
import { renames } from '../render/files.ts';
import { movedCode } from '../render/moved-runtime.ts';
import { sha256Of } from '../sha256.ts';
import { dirtyPaths, historyOf, neverCommitted } from '../system/git.ts';

/** What a run does to a project: every verb that writes returns one, and the output reads it. */
export interface Change {
  project: Project;
  plan: Plan;
  isWritten: boolean;
}

/** The user's files that a plan changes, without the engine's own. */
export function changedFiles({ plan }: Pick<Change, 'plan'>): FileChange[] {
  return changesOf(plan);
}

/** Whether conflicts are left for the user. */
export function isOpen({ plan }: Pick<Change, 'plan'>): boolean {
  return plan.files.some(({ action, resolved }) => action === 'conflict' && !resolved);
}

/** The same change, with the path that its reader knows. */
export function withRoot<C extends Change>(root: string, change: C): C {
  return { ...change, project: { ...change.project, root } };
}

/** Plans what brings a project to its rendering; reads, and writes nothing. */
export function examine(project: Project, mode: ConflictMode): Change {
  const { root, manifest, theirs, pastBases } = project;
  checkFolders(root, theirs.dirs);
  const disk = diskOf(root, theirs.files);
  refuseCutOff(project, disk);
  refuseChanged(project, disk);
  const found = plan({
    disk,
    manifest,
    baseBytes: (sha256, path) => pastBases.get(sha256) ?? readBase(root, sha256) ?? committed(root, path, sha256),
    isLost: lostIn(project, disk),
    theirs,
    mode,
    kind: project.kind,
    uncertain: project.uncertain,
    generator: version,
    renames,
    shortened: movedCode,
  });
  return { project, plan: found, isWritten: false };
}

/** Which files are missing though no one deleted them; git is asked once, for all that are missing. */
function lostIn({ root, manifest, theirs }: Project, disk: Disk): (path: string) => boolean {
  let lost: string[] | undefined;
  return (path) => {
    const kept = manifest ? keptPaths(manifest) : [];
    lost ??= neverCommitted(
      root,
      kept.filter((each) => theirs.files.has(each) && !disk.get(each)),
      MANIFEST,
    );
    return lost.includes(path);
  };
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

/** A merge into an edit that git does not have could not be undone. */
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

/** What a person saves meanwhile would be lost. */
function refuseChanged({ root, theirs }: Project, disk: Disk): void {
  for (const [path, { edited }] of theirs.files) {
    const ours = edited && disk.get(path);
    if (ours && !(ours.kind === 'file' && ours.bytes.equals(edited.from)))
      throw new UserError(`${root}/${path} was changed meanwhile; nothing was written, run this again`, EXIT.internal);
  }
}

/** An empty file whose base is empty too is not an edit. */
function refuseCutOff({ root, manifest }: Project, disk: Disk): void {
  for (const [path, { sha256 }] of Object.entries(manifest?.files ?? {})) {
    if (manifest?.adopted.includes(path)) continue;
    const ours = disk.get(path);
    if (ours?.kind !== 'file' || ours.bytes[0] || sha256Of(ours.bytes) === sha256) continue;
    if (isBlankBase(root, sha256)) refuseBlank(root, path, ours.bytes);
  }
}

/** What was rendered, from the history: as a rule it was committed before anyone edited it. */
function committed(root: string, path: string, sha256: string): Buffer | undefined {
  const versions = historyOf(root, path, []).flatMap((files) => files.get(path) ?? []);
  return versions.find((bytes) => sha256Of(bytes) === sha256);
}
