import type { Manifest } from '../manifest/content.ts';
import type { RenderedFile } from '../render/render.ts';
import { sha256Of } from '../sha256.ts';
import { type ConflictHunk, type Labels, type Sides as MergeSides, merge3 } from '../text/merge3.ts';
import { isShortened, mergeSettings, mergeShortened } from '../text/shortened.ts';
import { splitLines, withUnixLines } from '../text/split-lines.ts';
import { isUnresolved } from './markers.ts';
import { type Action, type Disk, type DiskFile, type PlanInput, type Reason, type Side, sidecarOf } from './types.ts';

type Base = Manifest['files'][string];
type Pending = Manifest['conflicts'][string];

/** One file that is kept up to date. */
export interface Shared {
  path: string;
  /** Where it was, if the templates moved it. */
  from: string | undefined;
  /** What was last merged in. */
  base: Base | undefined;
  /** A conflict that was open after the last run. */
  pending: Pending | undefined;
}

/** What becomes of it. */
export interface Outcome {
  action?: Action;
  reason?: Reason;
  resolved?: 'ours' | 'theirs';
  hunks?: ConflictHunk[];
  /** What is on disk afterwards; the user's own object where nothing is written. */
  after: Side | undefined;
  /** The base of the next merge: what is rendered now, what it was, or none any more. */
  base: 'rendered' | 'as it was' | 'none';
  pending?: Pending;
  sidecar?: { before: Side | undefined; after: Side };
  backups?: Buffer[];
  /** The user adopts it. */
  isAdopted?: boolean;
}

/** A file with its sides. A rule reads only those that its row says are there. */
interface Sides extends Shared {
  base: Base;
  ours: DiskFile;
  theirs: RenderedFile;
  isRecorded: boolean;
}

type Rule = (file: Sides, input: PlanInput) => Outcome;
type Row = readonly [
  base: 'any' | 'none' | 'known',
  disk: 'any' | 'a link or a folder' | 'missing' | 'left out by git' | 'as rendered' | 'as base' | 'edited',
  rendering: 'any' | 'gone' | 'as base' | 'changed',
  rule: Rule,
];

/**
 * The table: what becomes of a file, by what was merged in last, what is on the disk and what is rendered now. The first row that
 * fits counts. The table in docs/regeneration.md has the same rows.
 */
export const TABLE: readonly Row[] = [
  ['known', 'edited', 'changed', mergeBoth],
  ['known', 'as base', 'changed', update],
  ['any', 'a link or a folder', 'gone', leaveOther],
  ['any', 'a link or a folder', 'any', keepOther],
  ['any', 'missing', 'gone', forget],
  ['known', 'as base', 'gone', remove],
  ['any', 'edited', 'gone', conflictOf('template-deleted')],
  ['none', 'missing', 'any', create],
  ['known', 'left out by git', 'any', createAgain],
  ['known', 'missing', 'any', keepDeleted],
  ['none', 'as rendered', 'any', keepAs('unchanged')],
  ['none', 'edited', 'any', conflictOf('both-added')],
  ['known', 'as rendered', 'as base', keepAs(undefined)],
  ['known', 'as rendered', 'changed', keepAs('converged')],
  ['known', 'any', 'as base', keepAs('user-edit')],
];

/** What becomes of one file that is kept up to date. */
export function decide(shared: Shared, input: PlanInput): Outcome {
  const { path, from, pending } = shared;
  const at = from ?? path;
  const entry = input.disk.get(at);
  const ours = fileAt(input.disk, at);
  const theirs = input.theirs.files.get(path);
  if (pending && theirs && entry?.kind !== 'other' && isUnresolved(input.disk, at, pending, ours, theirs)) {
    const sidecar = from && fileAt(input.disk, sidecarOf(from));
    const common = { action: 'conflict', reason: 'unresolved', after: ours, base: 'as it was', pending } as const;
    return sidecar ? { ...common, ...withSidecar(input, path, sidecar) } : common;
  }
  const base = resolvedBase(shared, input, theirs) ?? shared.base;
  const file = { ...shared, base, ours, theirs, isRecorded: shared.base !== undefined };
  const words = [
    base ? 'known' : 'none',
    entry?.kind === 'other' ? 'a link or a folder' : onDisk(at, base, ours, theirs, input),
    theirs ? (base && is(theirs, base) ? 'as base' : 'changed') : 'gone',
  ];
  const row = TABLE.find((row) => words.every((word, at) => row[at] === 'any' || row[at] === word)) as Row;
  return row[3](file as Sides, input);
}

/**
 * The base after the user resolved a conflict: what was to be merged in then. A sidecar that is still there is not resolved, even if
 * the templates have something newer by now.
 */
function resolvedBase(
  { path, from, base, pending }: Shared,
  { disk }: PlanInput,
  theirs?: RenderedFile,
): Base | undefined {
  if (!pending || (pending.kind === 'sidecar' && disk.get(sidecarOf(from ?? path)))) return undefined;
  return { sha256: pending.theirs, executable: base?.executable ?? theirs?.executable ?? false };
}

function onDisk(
  path: string,
  base: Base | undefined,
  ours: DiskFile | undefined,
  theirs: RenderedFile | undefined,
  { isLost }: PlanInput,
): Row[1] {
  if (!ours) return base && theirs && isLost(path) ? 'left out by git' : 'missing';
  if (theirs && (base ? same(ours, theirs) : ours.bytes.equals(theirs.bytes))) return 'as rendered';
  // A mode alone is not an edit: not every disk keeps modes. In what goes, Windows line ends are not an edit either.
  const texts = theirs ? [ours.bytes] : [ours.bytes, withUnixLines(ours.bytes)];
  return base && texts.some((bytes) => sha256Of(bytes) === base.sha256) ? 'as base' : 'edited';
}

function forget(): Outcome {
  return { after: undefined, base: 'none' };
}

/** It could not be undone that a link or a folder was replaced: with the other modes the conflict stays open. */
function keepOther(_: Sides, { mode }: PlanInput): Outcome {
  const common = { action: 'conflict' as const, reason: 'type-changed' as const, after: undefined };
  return mode === 'ours'
    ? { ...common, resolved: 'ours', base: 'none', isAdopted: true }
    : { ...common, base: 'as it was' };
}

/** A link or a folder may be an edit, which nothing reads any more. It stays, whatever the mode, and is reported once. */
function leaveOther(_: Sides, { mode }: PlanInput): Outcome {
  const common = { action: 'conflict' as const, reason: 'template-deleted' as const, after: undefined };
  return { ...common, ...(mode === 'ours' && { resolved: 'ours' }), base: 'none' };
}

function remove(): Outcome {
  return { action: 'removed', after: undefined, base: 'none' };
}

function create({ theirs }: Sides): Outcome {
  return { action: 'created', after: theirs, base: 'rendered' };
}

function createAgain(file: Sides): Outcome {
  return { ...create(file), reason: 'never-committed' };
}

function keepDeleted({ base, theirs, isRecorded }: Sides): Outcome {
  const changed = is(theirs, base) ? {} : { reason: 'template-changed' as const };
  // A file that was the user's own, beside ours, may be gone too: without a base it would come back.
  return { action: 'deleted-by-user', ...changed, after: undefined, base: isRecorded ? 'as it was' : 'rendered' };
}

function keepAs(action: Action | undefined): Rule {
  return ({ ours }) => ({ ...(action && { action }), after: ours, base: 'rendered' });
}

function update({ base, ours, theirs }: Sides): Outcome {
  const after = { bytes: theirs.bytes, executable: mergedMode(ours, theirs, base) };
  return { action: 'updated', after, base: 'rendered' };
}

/** Both the user and the templates changed it. */
function mergeBoth(file: Sides, input: PlanInput): Outcome {
  const { path, from, base, ours, theirs } = file;
  const unchanged = [ours, theirs].find(({ bytes }) => sha256Of(bytes) === base.sha256);
  const bytes = unchanged?.bytes ?? input.baseBytes(base.sha256, from ?? path);
  if (!bytes) return conflict(file, input, 'base-missing');
  const labels = {
    ours: 'yours',
    base: `makina-image ${input.manifest?.generator ?? input.generator}`,
    theirs: `makina-image ${input.generator}`,
  };
  const { what, states } = input.shortened?.get(path) ?? {};
  const isShort = what && isShortened(splitLines(bytes.toString()), splitLines(theirs.bytes.toString()));
  const mergeCode = (sides: MergeSides, labels: Labels) => mergeShortened(sides, labels, states);
  const merge = isShort ? { code: mergeCode, settings: mergeSettings }[what] : undefined;
  const merged = merge3(bytes, ours.bytes, theirs.bytes, labels, merge);
  if (merged.kind === 'whole') return conflict(file, input, 'binary');
  if (merged.kind === 'conflict') return conflict(file, input, isShort ? 'code-moved' : 'content', merged);
  const after = { bytes: merged.bytes, executable: mergedMode(ours, theirs, base) };
  return same(after, ours)
    ? { action: 'converged', after: ours, base: 'rendered' }
    : { action: 'merged', after, base: 'rendered' };
}

function conflictOf(reason: Reason): Rule {
  return (file, input) => conflict(file, input, reason);
}

function conflict(
  { path, base: old, ours, theirs: rendered }: Sides,
  input: PlanInput,
  reason: Reason,
  merged?: { bytes: Buffer; hunks: ConflictHunk[] },
): Outcome {
  const theirs: RenderedFile | undefined = rendered;
  const common = { action: 'conflict' as const, reason, ...(merged && { hunks: merged.hunks }) };
  const base = theirs ? 'rendered' : 'none';
  if (input.mode === 'theirs') return { ...common, resolved: 'theirs', after: theirs, base, backups: [ours.bytes] };
  if (input.mode === 'ours') return { ...common, resolved: 'ours', after: ours, base };
  // The user's edits stay, and the file is the user's from now on.
  if (!theirs) return { ...common, after: ours, base };
  const pending = (kind: 'markers' | 'sidecar') => ({ kind, theirs: sha256Of(theirs.bytes) });
  if (merged && input.mode !== 'sidecar') {
    const after = { bytes: merged.bytes, executable: mergedMode(ours, theirs, old) };
    return { ...common, after, base, pending: pending('markers') };
  }
  const beside = withSidecar(input, path, { bytes: theirs.bytes, executable: false });
  return { ...common, after: ours, base: 'as it was', pending: pending('sidecar'), ...beside };
}

/** A sidecar beside a file; what the user has there goes into the backup. */
function withSidecar({ disk }: PlanInput, path: string, { bytes, executable }: Side) {
  const there = fileAt(disk, sidecarOf(path));
  return {
    sidecar: { before: there, after: { bytes, executable: there?.executable ?? executable } },
    backups: there && !there.bytes.equals(bytes) ? [there.bytes] : [],
  };
}

/** The exec bit is the user's where they, or their disk, changed it. */
function mergedMode(ours: Side, theirs: Side, base: { executable: boolean } | undefined): boolean {
  return base && ours.executable === base.executable ? theirs.executable : ours.executable;
}

/** The file at a path, if what is there is one. */
export function fileAt(disk: Disk, path: string): DiskFile | undefined {
  const entry = disk.get(path);
  return entry?.kind === 'file' ? entry : undefined;
}

/** Whether a file is what was merged in last. */
export function is(side: Side, base: Base): boolean {
  return side.executable === base.executable && sha256Of(side.bytes) === base.sha256;
}

/** Whether two files have the same content and the same exec bit. */
export function same(a: Side, b: Side): boolean {
  return a.executable === b.executable && a.bytes.equals(b.bytes);
}
