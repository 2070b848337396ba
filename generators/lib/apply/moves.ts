import fs from 'node:fs';
import { join } from 'node:path';
import { codeOf, lstat } from '../system/files.ts';
import { oldPath, type Step, stagedPath, sync } from './journal.ts';
import { makeOwnedFolder, stateOf } from './state.ts';
import { touchedFolders } from './steps.ts';

/** Without hard links an original is moved aside instead. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** A mount is never empty. */
const NOT_EMPTY = ['ENOTEMPTY', 'EEXIST', 'EBUSY'];

/** Does one step; what it replaces is kept aside. */
export function carryOut(root: string, step: Step, index: number): void {
  const path = join(root, step.path);
  if (step.kind === 'mkdir') makeOwnedFolder(root, step.path);
  else if (step.kind === 'rmdir') removeIfEmpty(path);
  else if (step.kind === 'delete') fs.renameSync(path, join(root, oldPath(step, index)));
  else {
    if (step.before) keep(path, join(root, oldPath(step, index)));
    fs.renameSync(join(root, stagedPath(step, index)), path);
  }
}

function keep(path: string, old: string): void {
  try {
    fs.linkSync(path, old);
  } catch (error) {
    if (!NO_LINKS.includes(codeOf(error) as string)) throw error;
    fs.renameSync(path, old);
  }
}

function removeIfEmpty(path: string): void {
  try {
    fs.rmdirSync(path);
  } catch (error) {
    if (![...NOT_EMPTY, 'ENOENT'].includes(codeOf(error) as string)) throw error;
  }
}

/** Whether a step was done, whatever someone made of it since. */
export function isDone(root: string, step: Step, index: number): boolean {
  if (step.kind === 'write') return !lstat(join(root, stagedPath(step, index)));
  if (step.kind === 'delete') return lstat(join(root, oldPath(step, index))) !== undefined;
  return (stateOf(root, step.path) === 'folder') === (step.kind === 'mkdir');
}

/**
 * Undoes what was done of some steps, however far they came; what was not done is left alone.
 * @returns a sentence part for each that could not be undone
 */
export function rollBack(root: string, steps: readonly Step[]): string[] {
  const problems: string[] = [];
  for (const [index, step] of [...steps.entries()].reverse()) {
    problems.push(...problemOf(root, step.path, () => takeBack(root, step, index)));
  }
  return [...problems, ...touchedFolders(root, steps).flatMap((path) => problemOf('', path, () => sync(path)))];
}

/**
 * Does what is left to do of steps whose commit point is in place.
 * @returns a sentence part for each that could not be done
 */
export function rollForward(root: string, steps: readonly Step[]): string[] {
  const problems = steps.flatMap((step, index) => problemOf(root, step.path, () => finish(root, step, index)));
  return [...problems, ...touchedFolders(root, steps).flatMap((path) => problemOf('', path, () => sync(path)))];
}

function finish(root: string, step: Step, index: number): void {
  if (isDone(root, step, index)) return;
  if (step.kind === 'write' || step.kind === 'delete') {
    const isReady = step.kind === 'delete' || hasContent(stateOf(root, stagedPath(step, index)), step.after);
    if (!isReady || stateOf(root, step.path) !== (step.before ?? undefined)) throw edited(step, index);
    fs.rmSync(join(root, oldPath(step, index)), { force: true });
  }
  carryOut(root, step, index);
}

function takeBack(root: string, step: Step, index: number): void {
  const path = join(root, step.path);
  const state = stateOf(root, step.path);
  if (state === 'below a link') throw edited(step, index);
  if (step.kind === 'mkdir') {
    if (state === 'folder') removeIfEmpty(path);
  } else if (step.kind === 'rmdir') {
    if (state === undefined) makeAgain(root, path, oldPath(step, index), step.mode);
  } else {
    const isAside = state === undefined && lstat(join(root, oldPath(step, index)));
    if (state === (step.before ?? undefined) || !(isDone(root, step, index) || isAside)) return;
    // The folder that the file took the place of is back already.
    if (step.before === null && state === 'folder') return;
    if (state !== undefined && !(step.kind === 'write' && hasContent(state, step.after))) throw edited(step, index);
    if (step.before !== null && stateOf(root, oldPath(step, index)) !== step.before) throw edited(step, index);
    if (step.before === null) fs.unlinkSync(path);
    else fs.renameSync(join(root, oldPath(step, index)), path);
  }
}

/** Whether a file has the content that was written; a disk without modes has made another mode of it. */
function hasContent(state: string | undefined, after: string): boolean {
  return state?.replace('*', '') === after.replace('*', '');
}

/** Made elsewhere first, so that it has its mode from the start. */
function makeAgain(root: string, path: string, unfinished: string, mode: number): void {
  fs.rmSync(join(root, unfinished), { recursive: true, force: true });
  makeOwnedFolder(root, unfinished);
  fs.chmodSync(join(root, unfinished), mode);
  fs.renameSync(join(root, unfinished), path);
}

function edited(step: Step, index: number): Error {
  return new Error(`someone changed it since, it may be in ${oldPath(step, index)} and ${stagedPath(step, index)}`);
}

function problemOf(root: string, path: string, step: () => void): string[] {
  try {
    step();
    return [];
  } catch (error) {
    return [`${join(root, path)}: ${(error as Error).message}`];
  }
}
