import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { isFolder, lstat } from '../system/files.ts';
import { areaOf, mountsIn, refuseMounted } from './areas.ts';
import type { Step } from './journal.ts';
import { fileState, isWritable, parentsOf, stateOf, statesOf } from './state.ts';
import type { Transaction, Write } from './types.ts';

/** Refuses paths that lead elsewhere. @throws UserError (internal) */
export function checkPaths(root: string, { writes, dirs }: Transaction): void {
  for (const path of [...writes.map(({ path }) => path), ...dirs]) {
    if (!isWritable(path))
      throw new UserError(
        `${path} is not a path that can be written in ${root}; restore .makina-image/manifest.json from your git history`,
        EXIT.internal,
      );
  }
}

/**
 * What a transaction has to do, in order. Nothing is done here.
 * @returns no step if everything is there already; the last step that changes a file is the commit point
 * @throws UserError if a file was edited since it was planned, or if a link or a folder is in the way
 */
export function stepsOf(root: string, { writes, dirs, expected }: Transaction): Step[] {
  const states = statesOf(root, [...expected.keys(), ...writes.map(({ path }) => path)]);
  refuseEdited(root, expected, states);
  const changes = writes.flatMap((write) => changeOf(root, write, states.get(write.path), writes));
  const commit = changes.at(-1);
  const deletes = changes.filter(({ kind }) => kind === 'delete');
  const written = changes.filter(({ kind }) => kind === 'write');
  const folders = missingFolders(root, written, dirs, new Set(deletes.map(({ path }) => path)));
  // A file that makes room for a folder, or a folder for a file, goes first.
  const isFirst = ({ path }: Step) => written.some((other) => isBelow(path, other.path) || isBelow(other.path, path));
  const first = deletes.filter((step) => isFirst(step) && step !== commit);
  const others = changes.filter((step) => step !== commit && !first.includes(step));
  const kept = new Set([
    ...dirs.flatMap((dir) => [...parentsOf(dir), dir]),
    ...written.flatMap((step) => parentsOf(step.path)),
  ]);
  const emptied = foldersAbove(deletes, (path) => !kept.has(path) && !dirs.some((dir) => isBelow(path, dir)));
  const rmdirs = emptied.map((path): Step => ({ kind: 'rmdir', path, mode: modeOf(join(root, path)) }));
  const isRoom = ({ path }: Step) => written.some((other) => path === other.path || isBelow(path, other.path));
  const steps = [
    ...first,
    ...rmdirs.filter(isRoom),
    ...folders,
    ...others.filter(({ kind }) => kind === 'write'),
    ...others.filter(({ kind }) => kind === 'delete'),
    ...(commit?.kind === 'delete' ? [commit] : []),
    ...rmdirs.filter((step) => !isRoom(step)),
    ...(commit?.kind === 'write' ? [commit] : []),
  ];
  if (steps.length === 0) return [];
  const mounts = mountsIn(
    root,
    steps.map(({ path }) => path),
  );
  refuseMounted(
    root,
    changes.map(({ path }) => path),
    mounts,
  );
  return steps.map((step) => {
    const area = areaOf(step.path, mounts);
    return area === undefined ? step : { ...step, area };
  });
}

/**
 * Compares files with what they were.
 * @throws UserError (internal) that names the first that differs
 */
export function checkUnedited(root: string, expected: Transaction['expected']): void {
  refuseEdited(root, expected, statesOf(root, expected.keys()));
}

function refuseEdited(root: string, expected: Transaction['expected'], states: Transaction['expected']): void {
  for (const [path, state] of expected) {
    if (states.get(path) === state) continue;
    throw new UserError(
      `${join(root, path)} was changed by someone else in the meantime; nothing was changed, run it again`,
      EXIT.internal,
    );
  }
}

/** What steps found at the paths of their files. */
export function statesBefore(steps: readonly Step[]): Transaction['expected'] {
  const states = new Map<string, string | undefined>();
  for (const step of steps) {
    if (step.kind === 'write' || step.kind === 'delete') states.set(step.path, step.before ?? undefined);
  }
  // A file that comes in the place of a folder.
  for (const { kind, path } of steps) if (kind === 'rmdir' && states.has(path)) states.set(path, 'folder');
  return states;
}

/** Whether all of a transaction is there already; stops at the first file that is not. */
export function isInPlace(root: string, { writes, dirs, expected }: Transaction): boolean {
  return (
    writes.every((write) => changeOf(root, write, stateOf(root, write.path), writes).length === 0) &&
    ['.', ...dirs].every((dir) => isFolder(join(root, dir))) &&
    [...expected].every(([path, state]) => stateOf(root, path) === state)
  );
}

/** No step for what is there already. */
function changeOf(root: string, write: Write, there: string | undefined, all: readonly Write[]): Step[] {
  const { path } = write;
  if (there === 'link' || there === 'below a link') {
    const link = [...parentsOf(path), path].find((name) => lstat(join(root, name))?.isSymbolicLink()) as string;
    throw new UserError(`${join(root, link)} is a link, nothing is written through it; move it away`, EXIT.conflict);
  }
  // What is there already of a folder that takes a file's place, or what goes for a file that takes a folder's.
  const isSwapped = () => all.some((other) => other.kind !== write.kind && isBelow(other.path, path));
  if (there === 'device' || (there === 'folder' && !isSwapped())) throw inTheWay(root, path, 'a file');
  const before = there === 'folder' ? undefined : there;
  if (write.kind === 'delete') return before ? [{ kind: 'delete', path, before }] : [];
  const after = fileState(write.bytes, write.executable);
  return before === after ? [] : [{ kind: 'write', path, before: before ?? null, after }];
}

function missingFolders(root: string, written: readonly Step[], dirs: readonly string[], deleted: Set<string>): Step[] {
  const isThere = (path: string) => {
    const stat = lstat(join(root, path));
    if (!stat || deleted.has(path)) return false;
    if (!stat.isDirectory()) throw inTheWay(root, path, 'a folder');
    return true;
  };
  const missing = new Set<string>();
  for (const path of new Set(written.flatMap((step) => parentsOf(step.path)))) if (!isThere(path)) missing.add(path);
  for (const dir of dirs) {
    // The owner may have put such a folder behind a link; one that is not there is not made behind a link.
    if (isFolder(join(root, dir))) continue;
    for (const path of [...parentsOf(dir), dir]) if (!isThere(path)) missing.add(path);
  }
  return [...missing].map((path) => ({ kind: 'mkdir', path }));
}

/** The folders that files are deleted from, the innermost first. */
function foldersAbove(deletes: readonly Step[], mayGo: (path: string) => boolean): string[] {
  const folders = new Set(deletes.flatMap(({ path }) => parentsOf(path)).filter((path) => mayGo(path)));
  return [...folders].filter(isWritable).sort((a, b) => b.length - a.length);
}

function inTheWay(root: string, path: string, wanted: string): UserError {
  return new UserError(
    `${join(root, path)} is not ${wanted}, which has to be written there; move it away`,
    EXIT.conflict,
  );
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

function modeOf(path: string): number {
  return fs.statSync(path).mode & 0o7777;
}

/** The folders in which steps change an entry. */
export function touchedFolders(root: string, steps: readonly Step[]): string[] {
  const folders = new Set(steps.map(({ path }) => dirname(path)));
  return [...folders].map((path) => join(root, path)).filter((path) => lstat(path)?.isDirectory());
}
