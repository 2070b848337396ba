import fs from 'node:fs';
import { basename, dirname, join, parse, relative, resolve, sep } from 'node:path';
import { EXIT, UserError } from '../errors.ts';

const ROOT = 0;
const WRITABLE_BY_OTHERS = 0o022;
/** The folder that the process is in, wherever others move that. */
const HERE = '/proc/self/cwd';
const MAX_LINKS = 40;

/**
 * Does something with root's rights in a folder of root's, or one that root makes, where someone else can move it or put a link in
 * its place: enters it, checks that it is the right one, and reaches its files only from there.
 * @param work gets the path to use in place of `folder`; what it throws names `folder`
 * @throws UserError (internal) if others can write to it, someone else's link leads to it, or it is moved meanwhile
 */
export function anchored<T>(folder: string, work: (folder: string) => T): T {
  const back = process.cwd();
  const path = withoutLinks(folder);
  const there = deepest(path);
  let made: string | undefined;
  const leave = () => {
    if (made !== undefined) removeEmpty(made);
    process.chdir(back);
  };
  let result: T;
  try {
    if (fs.statSync(there).uid === ROOT && (there === path || !canBeJoined(there))) enter(there, true);
    else {
      enter(there, false);
      const name = relative(there, path).split(sep)[0] as string;
      makeFolder(name, join(there, name));
      made = join(there, name);
      enter(name, true, made);
    }
    result = work(join(HERE, relative(made ?? there, path)));
  } catch (error) {
    leave();
    throw named(error, folder);
  }
  if (!(result instanceof Promise)) {
    leave();
    return result;
  }
  return result.finally(leave).catch((error) => Promise.reject(named(error, folder))) as T;
}

/** Enters a folder. @param path where it must be @throws UserError */
function enter(folder: string, isOurs: boolean, path = folder): void {
  process.chdir(folder);
  const stat = fs.statSync('.');
  if (process.cwd() !== path)
    throw new UserError(`${path} was moved while root entered it; nothing was changed, run it again`, EXIT.internal);
  if (isOurs && (stat.uid !== ROOT || (stat.mode & WRITABLE_BY_OTHERS) !== 0 || !fs.existsSync(HERE)))
    throw new UserError(
      `${path} belongs to root, but others can write to it or replace it; take the write permission of others with chmod -R go-w, or give it to its user with chown -R`,
      EXIT.internal,
    );
}

/** A path with root's own links resolved. @throws UserError (internal) for a link that someone else may have put there */
function withoutLinks(path: string, links = 0): string {
  const { root } = parse(path);
  const names = relative(root, resolve(path)).split(sep);
  let folder = root;
  let isOurs = true;
  for (const [index, name] of names.entries()) {
    const next = join(folder, name);
    const stat = fs.lstatSync(next, { throwIfNoEntry: false });
    isOurs &&= !stat || stat.uid === ROOT;
    if (stat?.isSymbolicLink()) {
      if (!isOurs || links === MAX_LINKS)
        throw new UserError(
          `${next} is a link that someone else may have put there, so root does not follow it; name the folder itself`,
          EXIT.internal,
        );
      return withoutLinks(join(resolve(folder, fs.readlinkSync(next)), ...names.slice(index + 1)), links + 1);
    }
    folder = next;
  }
  return folder;
}

function deepest(path: string): string {
  return fs.existsSync(path) ? path : deepest(dirname(path));
}

function canBeJoined(folder: string): boolean {
  return (fs.statSync(folder).mode & WRITABLE_BY_OTHERS) !== 0;
}

function makeFolder(name: string, path: string): void {
  try {
    fs.mkdirSync(name, { mode: 0o755 });
  } catch (error) {
    throw new UserError(`${path} cannot be made (${(error as Error).message}); run it again`, EXIT.internal);
  }
}

/** Leaves the current folder, and removes it if it is empty: by its name alone, wherever it is now. */
function removeEmpty(folder: string): void {
  try {
    process.chdir('..');
    fs.rmdirSync(basename(folder));
  } catch {
    // Something is in it, or it is gone.
  }
}

function named(error: unknown, folder: string): unknown {
  if (!(error instanceof Error)) return error;
  const message = error.message.replaceAll(HERE, folder);
  return error instanceof UserError ? new UserError(message, error.code) : Object.assign(error, { message });
}
