import { fileState } from './apply/state.ts';
import { commit, type Transaction, type Write } from './apply/transaction.ts';
import { EXIT, UserError } from './errors.ts';
import { dirtyPaths, neverCommitted } from './git.ts';
import { BACKUP, BASE, neededBases, readBase, storedBases } from './manifest/base.ts';
import { FOLDER, formatManifest, MANIFEST } from './manifest/manifest.ts';
import { version } from './package.ts';
import { checkFolders, readDisk } from './plan/disk.ts';
import { type ConflictMode, type DiskEntry, type Plan, plan, sidecarOf } from './plan/plan.ts';
import type { Project } from './project/project.ts';
import { renames } from './render/files.ts';
import { sha256Of } from './sha256.ts';

const ATTRIBUTES = Buffer.from('base/* -text -diff linguist-generated=true\nbackup/* -text -diff\n');

/** What a run would do to a project. */
export interface Examined {
  project: Project;
  plan: Plan;
  /** What is to be written, with what the engine keeps for itself: hardly half of all runs ask. */
  transaction: () => Transaction;
  /** Whether anything but the engine's own folder would change. */
  changes: boolean;
  /** Whether conflicts are left for the user. */
  conflicts: boolean;
}

/** Plans what brings a project to its rendering; reads, and writes nothing. */
export function examine(project: Project, mode: ConflictMode): Examined {
  const { root, manifest, theirs } = project;
  checkFolders(root, theirs.dirs);
  const paths = new Set([...theirs.files.keys(), ...Object.keys(manifest?.files ?? {})]);
  // A seed that was written once is the user's, as what was adopted: it is not even looked at.
  for (const path of manifest?.seeds ?? []) if (theirs.files.get(path)?.policy === 'seed') paths.delete(path);
  for (const path of manifest?.adopted ?? []) paths.delete(path);
  let disk = readDisk(root, [...paths, ...Object.keys(manifest?.conflicts ?? {}).map(sidecarOf)], theirs.files);
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
  const changed = found.files.filter(({ before, after }) => before !== after);
  const writes: Write[] = [
    ...changed.map(({ path, after }) => writeOf(path, after)),
    ...[...found.sidecars].map(([path, { after }]) => writeOf(path, after)),
  ];
  const expected = new Map(writes.flatMap(({ path }) => expectedAt(path, disk.get(path))));
  return {
    project,
    plan: found,
    transaction: () => ({ writes: [...writes, ...engineWrites(project, found)], dirs: theirs.dirs, expected }),
    changes: writes.length > 0,
    conflicts: found.files.some(({ action, settled }) => action === 'conflict' && !settled),
  };
}

/**
 * Carries out what was examined, all or nothing.
 * @param allowDirty merge into files whose edits git does not have
 * @throws UserError (internal) for such a file
 */
export function carryOut(examined: Examined, { allowDirty = false }: { allowDirty?: boolean } = {}): void {
  if (!allowDirty) refuseDirty(examined);
  commit(examined.project.root, examined.transaction());
}

/** An edit that is merged and not in git could not be taken back. */
function refuseDirty({ project, plan }: Examined): void {
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

/** Nothing of what is no file: it is refused where it stands in the way. */
function expectedAt(path: string, entry: DiskEntry | undefined): [string, string | undefined][] {
  if (entry?.kind === 'other') return [];
  return [[path, entry && fileState(entry.bytes, entry.executable)]];
}

function writeOf(path: string, side: { bytes: Buffer; executable: boolean } | undefined): Write {
  return side ? { kind: 'write', path, bytes: side.bytes, executable: side.executable } : { kind: 'delete', path };
}

/** The bases of the files that both sides changed. */
function basesToMerge(
  { root, manifest, theirs, pastBases }: Project,
  disk: ReturnType<typeof readDisk>,
): Map<string, Buffer> {
  const bases = new Map<string, Buffer>();
  for (const [path, { sha256 }] of Object.entries(manifest?.files ?? {})) {
    const ours = disk.get(path);
    const next = theirs.files.get(path);
    // Most files are what is rendered.
    if (ours?.kind !== 'file' || (ours.bytes === next?.bytes && ours.executable === next.executable)) continue;
    const isMoved = renames.some(({ from }) => from === path);
    if (!next && !isMoved) continue;
    const pending = manifest?.conflicts[path];
    const needed = pending && !disk.get(sidecarOf(path)) ? pending.theirs : sha256;
    // What is rendered was hashed before, for another project.
    if (!isMoved && ((next && sha256Of(next.bytes) === needed) || sha256Of(ours.bytes) === needed)) continue;
    const base = pastBases.get(needed) ?? readBase(root, needed);
    if (base) bases.set(path, base);
  }
  return bases;
}

/** What the engine keeps for the next run; the manifest last, since it tells that all of it was done. */
function engineWrites({ root, manifest, pastBases }: Project, found: Plan): Write[] {
  const needed = neededBases(found.manifest);
  const stored = new Set(storedBases(root));
  const writes: Write[] = [];
  for (const sha256 of needed) {
    const bytes = found.bases.get(sha256) ?? pastBases.get(sha256);
    if (!stored.has(sha256) && bytes)
      writes.push({ kind: 'write', path: `${BASE}/${sha256}`, bytes, executable: false });
  }
  for (const sha256 of stored) if (!needed.has(sha256)) writes.push({ kind: 'delete', path: `${BASE}/${sha256}` });
  for (const bytes of found.backups)
    writes.push({ kind: 'write', path: `${BACKUP}/${sha256Of(bytes)}`, bytes, executable: false });
  const text = formatManifest(found.manifest);
  if (writes.length === 0 && manifest && text === formatManifest(manifest) && pastBases.size === 0) return [];
  if (!manifest || pastBases.size > 0)
    writes.push({ kind: 'write', path: `${FOLDER}/.gitattributes`, bytes: ATTRIBUTES, executable: false });
  return [...writes, { kind: 'write', path: MANIFEST, bytes: Buffer.from(text), executable: false }];
}
