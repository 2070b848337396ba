import { isDeepStrictEqual } from 'node:util';
import type { Manifest } from '../manifest/content.ts';
import { emptyManifest } from '../manifest/manifest.ts';
import type { Rendered, RenderedFile } from '../render/render.ts';
import { sha256Of } from '../sha256.ts';
import { type ConflictHunk, conflictMarkers, merge3 } from '../text/merge3.ts';
import { isShortened, mergeSettings, mergeShortened } from '../text/shortened.ts';
import { splitLines, withUnixLines } from '../text/split-lines.ts';

/** What is on disk at one path: a file, or something else in its place (a link, a folder ...). */
export type DiskEntry = DiskFile | { kind: 'other'; what: string };
export type DiskFile = { kind: 'file' } & Side;
export type Disk = ReadonlyMap<string, DiskEntry | undefined>;

/** The content of a file. */
export interface Side {
  bytes: Buffer;
  executable: boolean;
}

/** What to do about a file that both the user and the templates changed in the same place. */
export const CONFLICT_MODES = ['abort', 'markers', 'sidecar', 'ours', 'theirs'] as const;
export type ConflictMode = (typeof CONFLICT_MODES)[number];

export type Action =
  | 'created'
  | 'updated'
  | 'merged'
  | 'removed'
  /** It was there, and is what the templates say. */
  | 'adopted'
  | 'converged'
  /** The user's edit; the templates have nothing new. */
  | 'user-edit'
  | 'deleted-by-user'
  | 'conflict';

export type Reason =
  | 'content'
  /** The user changed what is elsewhere now. */
  | 'code-moved'
  | 'binary'
  | 'both-added'
  | 'template-deleted'
  | 'template-changed'
  | 'never-committed'
  | 'type-changed'
  | 'base-missing'
  | 'unresolved';

/** What is to become of one path. */
export interface PlannedFile {
  path: string;
  /** Where the templates moved it from. */
  from?: string;
  action: Action;
  reason?: Reason;
  /** How a conflict was settled; without it the user has to do that. */
  settled?: 'ours' | 'theirs';
  hunks?: ConflictHunk[];
  /** On disk before and after; the same object where nothing is written. */
  before: Side | undefined;
  after: Side | undefined;
}

export interface Plan {
  /** In the order of their paths. */
  files: PlannedFile[];
  /** Files to write beside those of `files`: what the user has to merge by hand. */
  sidecars: Map<string, { before: Side | undefined; after: Side }>;
  manifest: Manifest;
  /** What the user wrote and is nowhere else after this. */
  backups: Buffer[];
}

export interface PlanInput {
  disk: Disk;
  manifest: Manifest | undefined;
  /** Bytes of what was last merged in, by path, where they are needed and there. */
  bases: ReadonlyMap<string, Buffer>;
  /** Files that are missing though nobody deleted them: git left them out. */
  lost?: ReadonlySet<string>;
  theirs: Rendered;
  mode: ConflictMode;
  kind: Manifest['kind'];
  /** The version of this generator. */
  generator: string;
  /** Files of which nobody knows whether their base is an edit. */
  uncertain?: ReadonlySet<string>;
  /** Files that the templates moved. */
  renames: readonly { from: string; to: string }[];
  /** Files that the templates made short: their code, or their defaults, are elsewhere. */
  shortened?: ReadonlyMap<string, { what: 'code' | 'settings' }>;
}

export const sidecarOf = (path: string) => `${path}.makina-image-new`;

/**
 * What has to change on disk, without touching it: the table of docs/regeneration.md, path by path.
 * A plan without conflicts can be carried out; one with conflicts too, unless the mode is `abort`.
 */
export function plan(input: PlanInput): Plan {
  const old = input.manifest ?? emptyManifest(input.kind, input.generator);
  const result: Plan = {
    files: [],
    sidecars: new Map(),
    manifest: { ...old, files: {}, seeds: [...old.seeds], conflicts: {} },
    backups: [],
  };
  const moved = movedFiles(input, old);
  const sources = new Set(moved.values());
  for (const path of [...new Set([...input.theirs.files.keys(), ...Object.keys(old.files)])].sort()) {
    const theirs = input.theirs.files.get(path);
    if (sources.has(path)) continue;
    const from = moved.get(path);
    if (from && old.adopted.includes(from)) {
      planAdoptedMove(input, old, result, from, path);
      continue;
    }
    if (old.adopted.includes(path)) {
      // For the merge after a restore.
      if (old.files[path]) result.manifest.files[path] = old.files[path];
      continue;
    }
    if (theirs?.policy === 'seed') planSeed(input, result, path, theirs);
    else if (theirs?.policy === 'intent') planIntent(input, result, path, theirs);
    else planShared(input, old, result, path, moved);
  }
  if (result.files.some(({ before, after }) => before !== after) || result.sidecars.size > 0 || !input.manifest)
    result.manifest.generator = input.generator;
  return result;
}

/** A seed is written once; from then on it is the user's, who may also delete it. */
function planSeed({ disk }: PlanInput, result: Plan, path: string, theirs: RenderedFile): void {
  if (result.manifest.seeds.includes(path)) return;
  result.manifest.seeds.push(path);
  if (!disk.get(path)) result.files.push({ path, action: 'created', before: undefined, after: theirs });
}

function planIntent({ disk }: PlanInput, result: Plan, path: string, theirs: RenderedFile): void {
  const ours = fileAt(disk, path);
  if (!ours) result.files.push({ path, action: 'created', before: undefined, after: theirs });
  else if (!isSameContent(ours, theirs)) result.files.push({ path, action: 'updated', before: ours, after: theirs });
}

/** The base and the user's file of what the templates moved, by the new path. */
function movedFiles({ disk, theirs, renames }: PlanInput, old: Manifest): Map<string, string> {
  const usable = renames.filter(
    ({ from, to }) =>
      (old.files[from] || old.adopted.includes(from)) &&
      !old.files[to] &&
      !old.adopted.includes(to) &&
      theirs.files.has(to) &&
      !theirs.files.has(from),
  );
  return new Map(
    usable.filter(({ from, to }) => fileAt(disk, from) && !disk.get(to)).map(({ from, to }) => [to, from]),
  );
}

/** What the user took over goes where it is read now, as it is, and stays the user's. */
function planAdoptedMove({ disk, theirs }: PlanInput, old: Manifest, result: Plan, from: string, to: string): void {
  const ours = fileAt(disk, from);
  const base = old.files[from];
  const today = theirs.files.get(to);
  const isOlder = ours && today && !(base && is(today, base)) && !withUnixLines(ours.bytes).equals(today.bytes);
  const reason = isOlder ? { reason: 'template-changed' as const } : {};
  if (base) result.manifest.files[to] = base;
  result.manifest.adopted = result.manifest.adopted.map((path) => (path === from ? to : path));
  result.files.push({ path: to, from, action: 'updated', ...reason, before: undefined, after: ours });
  result.files.push({ path: from, action: 'removed', before: ours, after: undefined });
}

/** What becomes of one shared file. */
interface Outcome {
  action?: Action;
  reason?: Reason;
  settled?: 'ours' | 'theirs';
  hunks?: ConflictHunk[];
  /** What is on disk afterwards; the user's own object where nothing is written. */
  after: Side | undefined;
  /** The base of the next merge: what is rendered now, what it was, or none any more. */
  base: 'rendered' | 'as it was' | 'none';
  pending?: Manifest['conflicts'][string];
  sidecar?: { before: Side | undefined; after: Side };
  backups?: Buffer[];
  /** It is the user's for good. */
  isAdopted?: boolean;
}

/** One shared file: its three sides, and what is known of it. */
interface Shared {
  path: string;
  /** Where it was, if the templates moved it. */
  from: string | undefined;
  base: Manifest['files'][string] | undefined;
  ours: DiskFile | undefined;
  theirs: RenderedFile | undefined;
}

function planShared(
  input: PlanInput,
  old: Manifest,
  result: Plan,
  path: string,
  moved: ReadonlyMap<string, string>,
): void {
  const from = moved.get(path);
  const base = old.files[from ?? path];
  const entry = input.disk.get(from ?? path);
  const ours = entry?.kind === 'file' ? entry : undefined;
  const theirs = input.theirs.files.get(path);
  const outcome = decide(
    input,
    { path, from, base, ours, theirs },
    entry?.kind === 'other',
    old.conflicts[from ?? path],
  );

  const { reason, settled, hunks, after, pending, sidecar, backups = [] } = outcome;
  // What the templates moved is written, though nothing else is new in it.
  const action = from && outcome.action === 'user-edit' ? 'merged' : outcome.action;
  if (outcome.base === 'as it was' && base) result.manifest.files[path] = base;
  if (theirs && outcome.base === 'rendered') result.manifest.files[path] = baseOf(theirs);
  if (pending) result.manifest.conflicts[path] = pending;
  if (outcome.isAdopted) result.manifest.adopted = [...result.manifest.adopted, path];
  if (sidecar) result.sidecars.set(sidecarOf(path), sidecar);
  result.backups.push(...backups);
  if (ours && after !== ours && input.uncertain?.has(path)) result.backups.push(ours.bytes);
  dropSidecar(input, old, result, from ?? path, pending?.kind === 'sidecar' && !from);
  if (!action) return;
  const told = {
    path,
    action,
    ...(from && { from }),
    ...(reason && { reason }),
    ...(settled && { settled }),
    ...(hunks && { hunks }),
  };
  result.files.push({ ...told, before: from ? undefined : ours, after });
  if (from) result.files.push({ path: from, action: 'removed', before: ours, after: undefined });
}

/** A sidecar goes with its conflict; what the user wrote into it is kept. */
function dropSidecar({ disk }: PlanInput, old: Manifest, result: Plan, path: string, isOpen: boolean): void {
  const pending = old.conflicts[path];
  const before = fileAt(disk, sidecarOf(path));
  if (isOpen || pending?.kind !== 'sidecar' || !before) return;
  result.files.push({ path: sidecarOf(path), action: 'removed', before, after: undefined });
  if (sha256Of(before.bytes) !== pending.theirs) result.backups.push(before.bytes);
}

/** The table. */
function decide(
  input: PlanInput,
  file: Shared,
  isBlocked: boolean,
  pending: Manifest['conflicts'][string] | undefined,
): Outcome {
  const { path, from, ours, theirs } = file;
  if (isBlocked && !theirs) return gone();
  if (isBlocked) {
    const told = { action: 'conflict' as const, reason: 'type-changed' as const, after: undefined };
    // Nobody could take back that a link or a folder was replaced: with the other modes it stays open.
    return input.mode === 'ours'
      ? { ...told, settled: 'ours', base: 'none', isAdopted: true }
      : { ...told, base: 'as it was' };
  }
  const sidecar = fileAt(input.disk, sidecarOf(from ?? path));
  if (pending && theirs && isUnresolved(input, from ?? path, pending, ours, theirs)) {
    const told = { action: 'conflict', reason: 'unresolved', after: ours, base: 'as it was', pending } as const;
    return from && sidecar ? { ...told, ...withSidecar(input, path, sidecar) } : told;
  }
  // Of a conflict that the user settled by hand, what was to be merged in then is the base now. A sidecar that is still
  // there is not settled, though the templates have something newer by now.
  const executable = file.base?.executable ?? theirs?.executable ?? false;
  const isSettled = pending && !(pending.kind === 'sidecar' && input.disk.get(sidecarOf(from ?? path)));
  const base = isSettled ? { sha256: pending.theirs, executable } : file.base;

  if (!theirs) {
    if (!ours) return gone();
    // A mode alone is no edit: not every disk can keep one.
    if (base && [ours.bytes, withUnixLines(ours.bytes)].some((bytes) => sha256Of(bytes) === base.sha256))
      return { action: 'removed', after: undefined, base: 'none' };
    return conflict(input, file, 'template-deleted');
  }
  if (!ours) {
    if (!base) return { action: 'created', after: theirs, base: 'rendered' };
    if (input.lost?.has(path)) return { action: 'created', reason: 'never-committed', after: theirs, base: 'rendered' };
    const changed = is(theirs, base) ? {} : { reason: 'template-changed' as const };
    // A file that was the user's own, beside ours, may be gone too: without a base it would come back.
    return { action: 'deleted-by-user', ...changed, after: undefined, base: file.base ? 'as it was' : 'rendered' };
  }
  if (same(ours, theirs)) {
    const known = base && is(theirs, base) ? undefined : 'converged';
    const action = from ? 'updated' : base ? known : 'adopted';
    return { ...(action && { action }), after: ours, base: 'rendered' };
  }
  if (!base && ours.bytes.equals(theirs.bytes)) return { action: 'adopted', after: ours, base: 'rendered' };
  if (!base) return conflict(input, file, 'both-added');
  if (is(theirs, base)) return { action: 'user-edit', after: ours, base: 'rendered' };
  if (sha256Of(ours.bytes) === base.sha256)
    return { action: 'updated', after: { ...theirs, executable: mergedMode(ours, theirs, base) }, base: 'rendered' };
  return mergeBoth(input, file, ours, theirs, base);
}

/** The exec bit is the user's where they, or their disk, changed it. */
function mergedMode(ours: Side, theirs: Side, base: { executable: boolean } | undefined): boolean {
  return base && ours.executable === base.executable ? theirs.executable : ours.executable;
}

const gone = (): Outcome => ({ after: undefined, base: 'none' });

/** Both the user and the templates changed it. */
function mergeBoth(
  input: PlanInput,
  file: Shared,
  ours: DiskFile,
  theirs: RenderedFile,
  base: Manifest['files'][string],
): Outcome {
  const unchanged = [ours, theirs].find(({ bytes }) => sha256Of(bytes) === base.sha256);
  const bytes = unchanged?.bytes ?? input.bases.get(file.from ?? file.path);
  if (!bytes) return conflict(input, file, 'base-missing');
  const labels = {
    ours: 'yours',
    base: `makina-image ${input.manifest?.generator ?? input.generator}`,
    theirs: `makina-image ${input.generator}`,
  };
  const what = input.shortened?.get(file.path)?.what;
  const isShort = what && isShortened(splitLines(bytes.toString()), splitLines(theirs.bytes.toString()));
  const merge = isShort ? { code: mergeShortened, settings: mergeSettings }[what] : undefined;
  const merged = merge3(bytes, ours.bytes, theirs.bytes, labels, merge);
  if (merged.kind === 'whole') return conflict(input, file, 'binary');
  if (merged.kind === 'conflict') return conflict(input, file, isShort ? 'code-moved' : 'content', merged);
  const after = { bytes: merged.bytes, executable: mergedMode(ours, theirs, base) };
  return same(after, ours)
    ? { action: 'converged', after: ours, base: 'rendered' }
    : { action: 'merged', after, base: 'rendered' };
}

function conflict(
  input: PlanInput,
  { path, base: old, ours, theirs }: Shared,
  reason: Reason,
  merged?: { bytes: Buffer; hunks: ConflictHunk[] },
): Outcome {
  const told = { action: 'conflict' as const, reason, ...(merged && { hunks: merged.hunks }) };
  const base = theirs ? 'rendered' : 'none';
  if (input.mode === 'theirs')
    return { ...told, settled: 'theirs', after: theirs, base, backups: ours ? [ours.bytes] : [] };
  if (input.mode === 'ours') return { ...told, settled: 'ours', after: ours, base };
  // The user's edits stay, and the file is the user's from now on.
  if (!theirs) return { ...told, after: ours, base };
  const pending = (kind: 'markers' | 'sidecar') => ({ kind, theirs: sha256Of(theirs.bytes) });
  if (merged && input.mode !== 'sidecar') {
    const executable = ours ? mergedMode(ours, theirs, old) : theirs.executable;
    const after = { bytes: merged.bytes, executable };
    return { ...told, after, base, pending: pending('markers') };
  }
  const beside = withSidecar(input, path, { bytes: theirs.bytes, executable: false });
  return { ...told, after: ours, base: 'as it was', pending: pending('sidecar'), ...beside };
}

/** Something beside a file; what the user has there is kept. */
function withSidecar({ disk }: PlanInput, path: string, { bytes, executable }: Side) {
  const there = fileAt(disk, sidecarOf(path));
  return {
    sidecar: { before: there, after: { bytes, executable: there?.executable ?? executable } },
    backups: there && !there.bytes.equals(bytes) ? [there.bytes] : [],
  };
}

/** A marker of ours that its group has left behind. */
const LEFT = /^(<{7,} yours|(\|{7,}|>{7,}) makina-image \S+)\r?$/m;

/** Whether a file has conflict markers, or some of those that we wrote. */
export function hasMarkers(bytes: Buffer): boolean {
  // An editor may have saved it as UTF-16.
  const text = bytes.includes(0) ? bytes.filter((byte) => byte !== 0) : bytes;
  return conflictMarkers(Buffer.from(text)).length > 0 || LEFT.test(text.toString());
}

/** Whether the user has left a conflict of an earlier run as it was. */
function isUnresolved(
  { disk }: PlanInput,
  path: string,
  pending: Manifest['conflicts'][string],
  ours: DiskFile | undefined,
  theirs: RenderedFile,
): boolean {
  if (pending.kind === 'markers') return ours !== undefined && hasMarkers(ours.bytes);
  return disk.get(sidecarOf(path)) !== undefined && pending.theirs === sha256Of(theirs.bytes);
}

function fileAt(disk: Disk, path: string): DiskFile | undefined {
  const entry = disk.get(path);
  return entry?.kind === 'file' ? entry : undefined;
}

function baseOf({ bytes, executable }: Side): Manifest['files'][string] {
  return { sha256: sha256Of(bytes), executable };
}

function is(side: Side, base: Manifest['files'][string]): boolean {
  return side.executable === base.executable && sha256Of(side.bytes) === base.sha256;
}

/** Layout, order and mode are nobody's answer: a formatter or a file system has changed them. */
function isSameContent(ours: Side, theirs: Side): boolean {
  return same(ours, theirs) || isDeepStrictEqual(contentOf(ours), contentOf(theirs));
}

function contentOf({ bytes }: Side): unknown {
  try {
    return JSON.parse(bytes.toString().replace(/^\uFEFF/, ''));
  } catch {
    return bytes;
  }
}

function same(a: Side, b: Side): boolean {
  return a.executable === b.executable && a.bytes.equals(b.bytes);
}
