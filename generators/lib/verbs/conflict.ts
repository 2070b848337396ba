import { join } from 'node:path';
import { stateOf } from '../apply/state.ts';
import { commit } from '../apply/transaction.ts';
import type { Write } from '../apply/types.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Manifest } from '../manifest/content.ts';
import { emptyManifest, FOLDER, MANIFEST } from '../manifest/manifest.ts';
import { backupOf, storeWrites } from '../manifest/store.ts';
import { version } from '../package.ts';
import type { FileChange } from '../plan/changes.ts';
import { readDisk } from '../plan/disk.ts';
import { hasMarkers } from '../plan/markers.ts';
import { sidecarOf } from '../plan/types.ts';
import { openProject, type Project } from '../project/project.ts';
import { withProject } from '../project/with-project.ts';
import { movedCode } from '../render/moved-runtime.ts';
import { sha256Of } from '../sha256.ts';
import { conflictMarkers } from '../text/merge3.ts';
import { plainWord } from '../text/quote.ts';
import { takeSide } from '../text/take-side.ts';
import { knownBytes } from './change.ts';

export type Side = 'ours' | 'theirs' | 'merged';

export interface ConflictOptions {
  /** Write nothing, return what would be written. */
  dryRun: boolean;
}

/**
 * Resolves a conflict: `merged` takes the file as it is now, `ours` the user's side, `theirs` that of the templates. From then on
 * the next merge starts from what the templates say now.
 * @returns what becomes of the user's files
 * @throws UserError if upgrades do not update the path, `merged` still has conflict markers, or `ours` would be parts of a file whose
 * code moved
 */
export function resolve(root: string, path: string, side: Side, options: ConflictOptions): FileChange[] {
  return withProject(root, options.dryRun, (folder) => resolved(folder, path, side, options));
}

function resolved(root: string, path: string, side: Side, options: ConflictOptions): FileChange[] {
  const project = openProject(root);
  const theirs = sharedFile(project, path);
  const manifest = manifestOf(project);
  const entry = readDisk(root, [path]).get(path);
  if (entry?.kind === 'other' && side === 'theirs')
    throw new UserError(
      `${join(root, path)} is ${entry.what}; move it away, then makina-image restore ${plainWord(join(root, path))} writes the file`,
      EXIT.conflict,
    );
  if (entry?.kind === 'other') return takeOver(project, manifest, path, options);
  const marked = manifest.conflicts[path]?.kind === 'markers';
  const writes: Write[] = [];
  const put = (bytes: Buffer, executable: boolean) => writes.push({ kind: 'write', path, bytes, executable });
  if (marked && entry) {
    if (side === 'ours') refuseParts(path, entry.bytes);
    const bytes = side === 'merged' ? entry.bytes : takeSide(entry.bytes, side);
    refuseMarkers(path, bytes, side);
    // Lines that the user wrote may be among those that go.
    if (side !== 'merged') writes.push(backupOf(entry.bytes));
    if (!bytes.equals(entry.bytes)) put(bytes, entry.executable);
  } else if (side === 'theirs' && !(entry?.bytes.equals(theirs.bytes) && entry.executable === theirs.executable)) {
    if (entry) writes.push(backupOf(entry.bytes));
    put(theirs.bytes, theirs.executable);
  }
  writes.push(...dropSidecar(root, manifest, path));
  delete manifest.conflicts[path];
  return finish(project, manifest, path, theirs, writes, options);
}

/** Adopts a file for the user: no run reads or changes it any more. @throws UserError */
export function adopt(root: string, path: string, options: ConflictOptions): FileChange[] {
  return withProject(root, options.dryRun, (folder) => {
    const project = openProject(folder);
    sharedFile(project, path);
    return takeOver(project, manifestOf(project), path, options);
  });
}

/** Brings back a file that the user deleted, or keeps one up to date again that was adopted. @throws UserError */
export function restore(root: string, path: string, options: ConflictOptions): FileChange[] {
  return withProject(root, options.dryRun, (folder) => restored(folder, path, options));
}

function restored(root: string, path: string, options: ConflictOptions): FileChange[] {
  const project = openProject(root);
  const theirs = project.theirs.files.get(path);
  if (!theirs || theirs.policy === 'answers') throw unknown(project, path);
  const manifest = manifestOf(project);
  const entry = readDisk(root, [path]).get(path);
  if (entry && !manifest.adopted.includes(path))
    throw new UserError(
      `${join(root, path)} exists; restore only brings back a file that you deleted or adopted`,
      EXIT.internal,
    );
  manifest.adopted = manifest.adopted.filter((adopted) => adopted !== path);
  const writes: Write[] = [];
  if (!entry) {
    writes.push({ kind: 'write', path, bytes: theirs.bytes, executable: theirs.executable });
    writes.push(...dropSidecar(root, manifest, path));
    delete manifest.conflicts[path];
  }
  // What was adopted is merged from where it was then.
  return finish(project, manifest, path, entry || theirs.policy === 'starter' ? undefined : theirs, writes, options);
}

function manifestOf({ manifest, kind }: Project): Manifest {
  return structuredClone(manifest ?? emptyManifest(kind, version));
}

function sharedFile(project: Project, path: string) {
  const file = project.theirs.files.get(path);
  if (file?.policy !== 'shared') throw unknown(project, path);
  return file;
}

function unknown({ root, theirs }: Project, path: string): UserError {
  const sentence =
    theirs.files.get(path)?.policy === 'starter'
      ? `${path} was written once and is yours now; there is nothing to resolve in it`
      : `makina-image does not update ${path} in ${root}; ${MANIFEST} lists the files that it updates`;
  return new UserError(sentence, EXIT.internal);
}

function takeOver(project: Project, manifest: Manifest, path: string, options: ConflictOptions): FileChange[] {
  manifest.adopted = [...new Set([...manifest.adopted, path])];
  const writes = dropSidecar(project.root, manifest, path);
  const pending = manifest.conflicts[path];
  const base = manifest.files[path];
  // The user has merged what was to be merged.
  if (base && pending?.kind === 'sidecar' && writes.length === 0) base.sha256 = pending.theirs;
  delete manifest.conflicts[path];
  return finish(project, manifest, path, undefined, writes, options);
}

/** A sidecar goes with its conflict; what the user wrote into it is kept. */
function dropSidecar(root: string, { conflicts }: Manifest, path: string): Write[] {
  const sidecar = sidecarOf(path);
  const entry = readDisk(root, [sidecar]).get(sidecar);
  const pending = conflicts[path];
  if (pending?.kind !== 'sidecar' || entry?.kind !== 'file') return [];
  const isEdited = sha256Of(entry.bytes) !== pending.theirs;
  return [...(isEdited ? [backupOf(entry.bytes)] : []), { kind: 'delete', path: sidecar }];
}

function refuseMarkers(path: string, bytes: Buffer, side: Side): void {
  if (!hasMarkers(bytes)) return;
  const next =
    side === 'merged' ? 'edit them away first, or use --ours or --theirs' : 'edit them away, then use --merged';
  throw new UserError(`${path} still has conflict markers; ${next}`, EXIT.conflict);
}

/** A conflict in which the new template has nothing. */
const MOVED = /^={7,}\r?\n>{7,} /gm;

/** For code that moved to the runtime, the user's side is the changed paragraphs: the runtime would do the same again. */
function refuseParts(path: string, bytes: Buffer): void {
  const short = movedCode.get(path);
  const conflicts = conflictMarkers(bytes).length;
  if (short?.what !== 'code' || conflicts === 0 || bytes.toString().match(MOVED)?.length !== conflicts) return;
  throw new UserError(
    `${path}: ${short.now}, and your version does not work beside it as it is; keep only what is your own, edit the markers away, then use --merged, or use --theirs`,
    EXIT.conflict,
  );
}

/** Records `theirs` as the base of a path, and writes all at once. @returns what becomes of the user's files */
function finish(
  project: Project,
  manifest: Manifest,
  path: string,
  theirs: { bytes: Buffer; executable: boolean } | undefined,
  writes: Write[],
  { dryRun }: ConflictOptions,
): FileChange[] {
  const { root } = project;
  const changes = changesBy(root, writes);
  if (dryRun) return changes;
  if (theirs) manifest.files[path] = { sha256: sha256Of(theirs.bytes), executable: theirs.executable };
  commit(root, {
    writes: [...writes, ...storeWrites(root, project.manifest, manifest, knownBytes(project))],
    dirs: [],
    expected: new Map(writes.map((write) => [write.path, stateOf(root, write.path)])),
  });
  return changes;
}

function changesBy(root: string, writes: readonly Write[]): FileChange[] {
  const own = writes.filter(({ path }) => !path.startsWith(`${FOLDER}/`));
  const disk = readDisk(
    root,
    own.map(({ path }) => path),
  );
  return own.map((write) => {
    const entry = disk.get(write.path);
    const before = entry?.kind === 'file' ? entry : undefined;
    return { path: write.path, before, after: write.kind === 'write' ? write : undefined };
  });
}
