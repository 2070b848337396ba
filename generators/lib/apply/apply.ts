import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import type { Change } from '../plan/plan.ts';

type Undo = (() => unknown)[];

/**
 * Carries out changes: all of them, or none. New files are staged inside the folder first, so that a full disk or a
 * missing permission shows before anything is replaced; a failure after that is undone step by step. Signals wait
 * meanwhile.
 * @param root the folder; made if it is missing
 * @param changes what `plan` found, in its order; a conflict or a kept file is carried out as an update
 * @param dirs folders that exist even if empty
 * @throws UserError (internal) with the tree as it was before
 */
export function apply(root: string, changes: readonly Change[], dirs: readonly string[]): void {
  const undo: Undo = [];
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const wait = () => undefined;
  for (const signal of signals) process.on(signal, wait);
  try {
    for (const dir of ['.', ...dirs]) makeDir(join(root, dir), undo);
    if (changes.length === 0) return;
    const stage = fs.mkdtempSync(join(root, '.makina-image-'));
    // Not by force: what could not be put back stays in there.
    undo.push(
      () => fs.readdirSync(stage).some((name) => name.startsWith('old-')) || fs.rmSync(stage, { recursive: true }),
    );
    replaceAll(root, stage, changes, undo);
    fs.rmSync(stage, { recursive: true, force: true });
  } catch (error) {
    const failures = undo.reverse().flatMap(failureOf);
    const outcome =
      failures.length === 0 ? 'nothing was changed' : `and not all could be undone: ${failures.join(', ')}`;
    throw new UserError(`cannot write to ${root}: ${(error as Error).message}; ${outcome}`, EXIT.internal);
  } finally {
    for (const signal of signals) process.off(signal, wait);
  }
}

function failureOf(step: () => unknown): string[] {
  try {
    step();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function replaceAll(root: string, stage: string, changes: readonly Change[], undo: Undo): void {
  const staged = (index: number) => join(stage, `new-${index}`);
  changes.forEach((change, index) => {
    if (change.kind !== 'delete') writeStaged(staged(index), join(root, change.path), change);
  });
  changes.forEach((change, index) => {
    const path = join(root, change.path);
    if (change.kind !== 'create') {
      const old = join(stage, `old-${index}`);
      fs.renameSync(path, old);
      undo.push(() => fs.renameSync(old, path));
    }
    if (change.kind === 'delete') return;
    makeDir(dirname(path), undo);
    fs.renameSync(staged(index), path);
    undo.push(() => fs.rmSync(path));
  });
}

/** A replaced file keeps the mode its owner gave it, the exec bits apart. */
function writeStaged(staged: string, path: string, change: Exclude<Change, { kind: 'delete' }>): void {
  fs.writeFileSync(staged, change.bytes, { mode: change.executable ? 0o755 : 0o644 });
  if (change.kind === 'create') return;
  const { mode } = fs.statSync(path);
  fs.chmodSync(staged, change.executable ? mode | 0o111 : mode & ~0o111);
}

/** Makes a folder and those above it, and notes how to take away exactly what was made. */
function makeDir(path: string, undo: Undo): void {
  if (fs.existsSync(path)) return;
  makeDir(dirname(path), undo);
  fs.mkdirSync(path);
  undo.push(() => fs.rmdirSync(path));
}
