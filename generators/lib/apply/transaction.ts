import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { codeOf, lstat } from '../system/files.ts';
import { areaPath, mountsIn } from './areas.ts';
import { areasOf, commitPoint, dropTx, readJournal, type Step, sync, syncAll, turnBack } from './journal.ts';
import { locked, quietly } from './lock.ts';
import { carryOut, isDone, rollBack, rollForward } from './moves.ts';
import { refuseForeignFolders } from './owners.ts';
import { delaySignals } from './signals.ts';
import { stage } from './stage.ts';
import { LOCK, OWN, parentsOf, TX } from './state.ts';
import { checkPaths, checkUnedited, isInPlace, statesBefore, stepsOf, touchedFolders } from './steps.ts';
import type { Transaction } from './types.ts';
import { makeWhole } from './whole.ts';

/**
 * Brings a folder to a new state: all of it, or nothing. What a run that was cut short left behind is finished or taken back first.
 * Nothing is touched if there is nothing to do. Signals wait meanwhile.
 * @param root the folder; made if it is missing
 * @throws UserError with the tree as it was before, or with the files that could not be put back
 */
export function commit(root: string, transaction: Transaction): void {
  explained(root, () => {
    refuseLossyPath(root);
    checkPaths(root, transaction);
    refuseForeignFolders(
      root,
      transaction.writes.map(({ path }) => path),
    );
    if (!isLeftOver(root) && isInPlace(root, transaction)) return;
    delaySignals();
    if (lstat(root)) locked(root, () => run(root, transaction));
    else withFolder(dirname(root), () => makeNew(root, transaction));
  });
}

/**
 * Finishes or takes back what a run that was cut short left behind: finishes it if its commit point is in place, takes it back if not.
 * @throws UserError (internal) that names the files that someone changed since: they are left alone
 */
export function recover(root: string): 'nothing' | 'rolled back' | 'rolled forward' {
  return explained(root, () => {
    refuseFileAbove(root);
    if (!isLeftOver(root)) return 'nothing';
    delaySignals();
    return locked(root, () => finishInterrupted(root));
  });
}

function isLeftOver(root: string): boolean {
  const stat = lstat(join(root, OWN));
  if (!stat) return false;
  refuseOther(root, OWN, stat);
  if ([TX, LOCK].some((path) => lstat(join(root, path)))) return true;
  try {
    return fs.readdirSync(join(root, OWN)).length === 0;
  } catch (error) {
    // Another run has just taken it away.
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** A folder cannot be made below a file. */
function refuseFileAbove(root: string): void {
  let path = root;
  while (!lstat(path) && path !== dirname(path)) path = dirname(path);
  if (path === root || fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UserError(
    `${path} is not a folder, so nothing can be written to ${root}; choose another one`,
    EXIT.internal,
  );
}

/** Node reads a path that is not UTF-8 as another path, and would write there. */
function refuseLossyPath(root: string): void {
  if (root.includes('\uFFFD'))
    throw new UserError(
      `the path ${root} is not UTF-8, so nothing can be written there; choose another folder`,
      EXIT.internal,
    );
}

function refuseOther(root: string, path: string, stat: fs.Stats | undefined): void {
  if (stat && !stat.isDirectory())
    throw new UserError(`${join(root, path)} is not a folder; move it away`, EXIT.conflict);
}

function finishInterrupted(root: string): 'nothing' | 'rolled back' | 'rolled forward' {
  const stat = lstat(join(root, TX));
  if (!stat) return 'nothing';
  refuseOther(root, TX, stat);
  const journal = readJournal(root);
  if (!journal) {
    dropTx(root, ['.', ...mountsIn(root, [])].map(areaPath));
    return 'nothing';
  }
  refuseLinks(root, journal.steps);
  refuseForeignFolders(
    root,
    journal.steps.map(({ path }) => path),
  );
  const areas = areasOf(journal.steps);
  const gone = areas.find((area) => !lstat(join(root, area))?.isDirectory());
  if (gone) throw unfinished(root, [`${join(root, gone)} is not there; mount what was mounted there then`]);
  const isForward = !journal.isBack && isCommitted(root, journal.steps);
  const problems = isForward ? rollForward(root, journal.steps) : takeAllBack(root, journal.steps);
  if (problems.length > 0) throw unfinished(root, problems);
  dropTx(root, areas);
  return isForward ? 'rolled forward' : 'rolled back';
}

function isCommitted(root: string, steps: readonly Step[]): boolean {
  const index = commitPoint(steps);
  return isDone(root, steps[index] as Step, index);
}

function takeAllBack(root: string, steps: readonly Step[]): string[] {
  return turnBack(root) ? rollBack(root, steps) : [];
}

/** Nothing at all is touched for a journal of which a path leads elsewhere. */
function refuseLinks(root: string, steps: readonly Step[]): void {
  const paths = [...steps.map(({ path }) => path), ...areasOf(steps)];
  const link = paths.flatMap((path) => [...parentsOf(path), path]).find((path) => isLink(root, path));
  if (link) throw unfinished(root, [`${join(root, link)} is a link`]);
}

function isLink(root: string, path: string): boolean {
  return lstat(join(root, path))?.isSymbolicLink() ?? false;
}

function unfinished(root: string, problems: string[]): UserError {
  return new UserError(
    `an earlier run in ${root} was cut short and cannot be finished or taken back (${problems.join('; ')}); repair these files with what is in ${join(root, TX)}, then remove that folder`,
    EXIT.internal,
  );
}

function run(root: string, transaction: Transaction): void {
  finishInterrupted(root);
  const steps = stepsOf(root, transaction);
  if (steps.length === 0) return;
  try {
    stage(root, steps, transaction.writes);
    checkUnedited(root, new Map([...statesBefore(steps), ...transaction.expected]));
    const commitAt = commitPoint(steps);
    steps.forEach((step, index) => {
      if (index === commitAt) syncAll(touchedFolders(root, steps.slice(0, index)));
      carryOut(root, step, index);
    });
    syncAll(touchedFolders(root, steps.slice(commitAt)));
  } catch (error) {
    const problems = takeAllBackNow(root, steps);
    if (problems.length > 0) throw failure(root, error, `and not all could be undone: ${problems.join('; ')}`);
    quietly(() => dropTx(root, areasOf(steps)));
    throw error;
  }
  quietly(() => dropTx(root, areasOf(steps)));
}

function takeAllBackNow(root: string, steps: readonly Step[]): string[] {
  try {
    return takeAllBack(root, steps);
  } catch (error) {
    return [(error as Error).message];
  }
}

function failure(root: string, error: unknown, outcome: string): UserError {
  const advice = ADVICE[codeOf(error) ?? ''];
  return new UserError(
    `cannot write to ${root}: ${(error as Error).message}; ${outcome}${advice ? `, ${advice}` : ''}`,
    EXIT.internal,
  );
}

const ADVICE: Record<string, string> = {
  EACCES: 'let one user own and write all of it (ls -l shows who does)',
  EROFS: 'mount it writable',
  EXDEV: 'run it where no part of the project is mounted by itself',
  EBUSY: 'run it where no part of the project is mounted by itself',
};

function explained<T>(root: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw failure(root, error, 'nothing was changed');
  }
}

function makeNew(root: string, transaction: Transaction): void {
  checkUnedited(root, transaction.expected);
  try {
    makeWhole(root, transaction);
  } catch (error) {
    if (!TAKEN.includes(codeOf(error) as string)) throw error;
    throw new UserError(
      `${root} was created by someone else in the meantime; nothing was changed, run it again`,
      EXIT.internal,
    );
  }
}

/** The errors of renaming a folder if something is in its place. */
const TAKEN = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'];

/** Makes a folder, and removes it again if the work fails. */
function withFolder(path: string, work: () => void): void {
  const made: string[] = [];
  try {
    makeFolders(path, made);
    work();
  } catch (error) {
    for (const path of made.reverse()) quietly(() => fs.rmdirSync(path));
    throw error;
  }
}

/** Makes a folder and those above it, the outermost first. Node's own function never ends below /proc. */
function makeFolders(path: string, made: string[]): void {
  try {
    fs.mkdirSync(path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    if (codeOf(error) !== 'ENOENT' || fs.existsSync(dirname(path))) throw error;
    makeFolders(dirname(path), made);
    fs.mkdirSync(path);
  }
  made.push(path);
  sync(dirname(path));
}
