import fs from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { EXIT, UserError } from '../errors.ts';
import { lstat } from '../system/files.ts';
import { areaPath } from './areas.ts';
import { refuseForeign } from './owners.ts';
import { isFree, isWritable, OWN, TX } from './state.ts';

/** Made where it is needed: only a run after one that was cut short reads a journal. */
const journalSchema = () => {
  const path = z.string().check(z.refine(isWritable));
  const area = z.optional(z.string().check(z.refine((text) => text === '.' || isFree(text))));
  const file = z.string().check(z.regex(/^[0-9a-f]{64}\*?$/));
  const step = z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('write'), path, area, before: z.nullable(file), after: file }),
    z.strictObject({ kind: z.literal('delete'), path, area, before: file }),
    z.strictObject({ kind: z.literal('mkdir'), path, area }),
    z.strictObject({ kind: z.literal('rmdir'), path, area, mode: z.int().check(z.minimum(0), z.maximum(0o7777)) }),
  ]);
  return z.strictObject({ version: z.literal(1), steps: z.array(step).check(z.minLength(1)) });
};

/**
 * One thing to do, with the states of the file before and after. The new file of the step with the number n is staged
 * as `n`, the one that was there is kept as `old-n`: in the engine's own folder, or at the top of the mount that is the step's area.
 */
export type Step = z.infer<ReturnType<typeof journalSchema>>['steps'][number];

/** More than any project needs: the path and two hashes of a file are some 200 bytes. */
const MAX_BYTES = 16 << 20;
const NAME = 'journal.json';
/** Its name once it was decided to go back, whatever was done by then. */
const BACK = 'rollback.json';

export const stagedPath = (step: Step, index: number) => `${folderOf(step)}/${index}`;
export const oldPath = (step: Step, index: number) => `${folderOf(step)}/old-${index}`;
const folderOf = ({ area }: Step) => (area === undefined ? TX : areaPath(area));

/** The folders outside of the engine's own in which steps are staged. */
export function areasOf(steps: readonly Step[]): string[] {
  return [...new Set(steps.flatMap(({ area }) => (area === undefined ? [] : [areaPath(area)])))];
}

/** The step that decides whether the tree is the new one: the last that changes a file. */
export function commitPoint(steps: readonly Step[]): number {
  const index = steps.findLastIndex(({ kind }) => kind === 'write' || kind === 'delete');
  return index < 0 ? steps.length - 1 : index;
}

/**
 * Writes the journal under another name first: one that is there is complete.
 * @param staged what has to be on the disk before it
 */
export function writeJournal(root: string, steps: readonly Step[], staged: readonly string[]): void {
  const unfinished = join(root, TX, 'journal');
  fs.writeFileSync(unfinished, JSON.stringify({ version: 1, steps }));
  syncAll([...staged, unfinished]);
  fs.renameSync(unfinished, join(root, TX, NAME));
  syncAll([TX, OWN, '.'].map((path) => join(root, path)));
}

/**
 * Decides to go back: a run that is cut short from here on is taken back, not finished.
 * @returns false if there is no journal, so that nothing was done yet
 */
export function turnBack(root: string): boolean {
  if (lstat(join(root, TX, NAME))) fs.renameSync(join(root, TX, NAME), join(root, TX, BACK));
  return lstat(join(root, TX, BACK)) !== undefined;
}

/**
 * Reads what an earlier run was about to do.
 * @returns undefined if it had not come that far
 * @throws UserError (internal) if a journal is there that no run has written
 */
export function readJournal(root: string): { steps: Step[]; isBack: boolean } | undefined {
  for (const name of [NAME, BACK]) {
    const path = join(root, TX, name);
    const stat = lstat(path);
    if (!stat) continue;
    refuseForeign(path, stat);
    const steps = stat.isFile() && stat.size <= MAX_BYTES ? parse(fs.readFileSync(path, 'utf8')) : undefined;
    if (steps) return { steps, isBack: name === BACK };
    throw new UserError(
      `${path} is not what a run that was cut short leaves behind; nothing was changed, look at ${join(root, TX)} and remove it`,
      EXIT.internal,
    );
  }
  return undefined;
}

function parse(text: string): Step[] | undefined {
  try {
    const { steps } = journalSchema().parse(JSON.parse(text));
    const names = new Set(steps.map(({ kind, path }) => `${kind.endsWith('dir')} ${path}`));
    return names.size === steps.length ? steps : undefined;
  } catch {
    return undefined;
  }
}

/** Drops what a run kept aside, there and in `areas`. The journal goes first: without it the rest means nothing. */
export function dropTx(root: string, areas: readonly string[]): void {
  const tx = join(root, TX);
  for (const name of [NAME, BACK]) if (lstat(join(tx, name))) fs.unlinkSync(join(tx, name));
  // The last one shows the next run that there may be more.
  for (const folder of [...areas, TX]) dropFolder(join(root, folder));
}

/** Drops a folder of what is staged, if it is there. */
export function dropFolder(folder: string): void {
  if (!lstat(folder)?.isDirectory()) return;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) fs.rmSync(join(folder, entry.name), { recursive: true, force: true });
    else fs.unlinkSync(join(folder, entry.name));
  }
  fs.rmdirSync(folder);
}

/** Waits until a file or folder is on the disk. */
export function sync(path: string): void {
  syncAll([path]);
}

/** Waits until files and folders are on the disk; it has them to do together, which takes a quarter of the time. */
export function syncAll(paths: readonly string[]): void {
  const files: number[] = [];
  try {
    for (const path of paths) files.push(fs.openSync(path, 'r'));
    for (const path of paths.slice(1)) startSync(path);
    for (const file of files) fs.fsyncSync(file);
  } finally {
    for (const file of files) fs.closeSync(file);
  }
}

/** Lets another thread sync a file: through a descriptor of its own, since the system reports an error once for each. */
function startSync(path: string): void {
  const file = fs.openSync(path, 'r');
  fs.fsync(file, () => fs.close(file));
}
