import { isDeepStrictEqual } from 'node:util';
import type { Manifest } from '../manifest/content.ts';
import { emptyManifest } from '../manifest/manifest.ts';
import type { RenderedFile } from '../render/render.ts';
import { sha256Of } from '../sha256.ts';
import { withUnixLines } from '../text/split-lines.ts';
import { decide, fileAt, is, type Outcome, type Shared, same } from './decide.ts';
import { type Action, type Plan, type PlanInput, type Side, sidecarOf } from './types.ts';

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
    if (theirs?.policy === 'starter') planStarter(input, result, path, theirs);
    else if (theirs?.policy === 'answers') planAnswers(input, result, path, theirs);
    else {
      const at = from ?? path;
      const shared = { path, from, base: old.files[at], pending: old.conflicts[at] };
      record(result, shared, decide(shared, input), input);
    }
  }
  if (result.files.some(({ before, after }) => before !== after) || result.sidecars.size > 0 || !input.manifest)
    result.manifest.generator = input.generator;
  return result;
}

/** A starter is written once; from then on it is the user's, who may also delete it. */
function planStarter({ disk }: PlanInput, result: Plan, path: string, theirs: RenderedFile): void {
  if (result.manifest.seeds.includes(path)) return;
  result.manifest.seeds.push(path);
  if (!disk.get(path)) result.files.push({ path, action: 'created', before: undefined, after: theirs });
}

function planAnswers({ disk }: PlanInput, result: Plan, path: string, theirs: RenderedFile): void {
  const ours = fileAt(disk, path);
  if (!ours) result.files.push({ path, action: 'created', before: undefined, after: theirs });
  else if (!isSameContent(ours, theirs)) {
    result.files.push({ path, action: 'updated', before: ours, after: theirs });
    if (theirs.edited?.losesComment) result.backups.push(ours.bytes);
  }
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

/** Adds to a plan what was decided about a file that is kept up to date. */
function record(result: Plan, { path, from, base, pending: open }: Shared, outcome: Outcome, input: PlanInput): void {
  const { reason, resolved, hunks, after, pending, sidecar, backups = [] } = outcome;
  const { manifest } = result;
  const at = from ?? path;
  const ours = fileAt(input.disk, at);
  const theirs = input.theirs.files.get(path);
  if (outcome.base === 'as it was' && base) manifest.files[path] = base;
  if (outcome.base === 'rendered' && theirs)
    manifest.files[path] = { sha256: sha256Of(theirs.bytes), executable: theirs.executable };
  if (pending) manifest.conflicts[path] = pending;
  if (outcome.isAdopted) manifest.adopted = [...manifest.adopted, path];
  if (sidecar) result.sidecars.set(sidecarOf(path), sidecar);
  result.backups.push(...backups);
  if (ours && after !== ours && input.uncertain?.has(path)) result.backups.push(ours.bytes);

  // A sidecar goes with its conflict; what the user wrote into it is kept.
  const beside = open?.kind === 'sidecar' ? fileAt(input.disk, sidecarOf(at)) : undefined;
  if (beside && (from || pending?.kind !== 'sidecar')) {
    result.files.push({ path: sidecarOf(at), action: 'removed', before: beside, after: undefined });
    if (sha256Of(beside.bytes) !== open?.theirs) result.backups.push(beside.bytes);
  }

  const action = from ? actionOfMoved(outcome.action) : outcome.action;
  if (!action) return;
  const common = {
    path,
    action,
    ...(from && { from }),
    ...(reason && { reason }),
    ...(resolved && { resolved }),
    ...(hunks && { hunks }),
  };
  result.files.push({ ...common, before: from ? undefined : ours, after });
  if (from) result.files.push({ path: from, action: 'removed', before: ours, after: undefined });
}

/** What the templates moved is written, though nothing else is new in it. */
function actionOfMoved(action: Action | undefined): Action {
  if (action === 'user-edit') return 'merged';
  return action === undefined || action === 'converged' ? 'updated' : action;
}

/** Layout, order and mode are not answers: a formatter or a file system may change them. */
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
