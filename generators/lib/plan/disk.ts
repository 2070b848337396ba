import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { isExecutable, isFolder } from '../system/files.ts';
import type { Disk, DiskEntry } from './types.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
/** Node cannot read a file of twice that size. */
const MAX_BYTES = 1 << 30;
const OPEN = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/**
 * What is in a folder. A path is read when it is first asked for, without following a link inside the folder.
 * @param root the folder, which need not exist
 * @param rendered what is likely there: a file with the same bytes gets the same Buffer, which is hashed once
 */
export function diskOf(root: string, rendered?: Likely): Disk {
  const found = new Map<string, DiskEntry | undefined>();
  const parents = new Map<string, string | undefined>([['.', undefined]]);
  return {
    get: (path) => {
      if (!found.has(path)) found.set(path, readEntry(root, path, parents, rendered?.get(path)?.bytes));
      return found.get(path);
    },
  };
}

/** The same at some relative paths with `/`, all read at once. */
export function readDisk(root: string, paths: Iterable<string>): Map<string, DiskEntry | undefined> {
  const disk = diskOf(root);
  return new Map(Array.from(paths, (path) => [path, disk.get(path)]));
}

type Likely = ReadonlyMap<string, { bytes: Buffer }>;

function readEntry(
  root: string,
  path: string,
  parents: Map<string, string | undefined>,
  likely: Buffer | undefined,
): DiskEntry | undefined {
  const blocked = blockedBy(root, dirname(path), parents);
  if (blocked === 'nothing') return undefined;
  if (blocked) return { kind: 'other', what: blocked };
  const full = `${root}/${path}`;
  let file: number;
  try {
    file = fs.openSync(full, OPEN);
  } catch (error) {
    const stat = fs.lstatSync(full, { throwIfNoEntry: false });
    if (!stat) return undefined;
    // A link, a socket.
    if (!stat.isFile()) return { kind: 'other', what: whatIs(stat) };
    throw error;
  }
  try {
    const stat = fs.fstatSync(file);
    if (!stat.isFile()) return { kind: 'other', what: whatIs(stat) };
    if (stat.size > MAX_BYTES)
      throw new UserError(
        `${full} is larger than 1 GiB; move it away, then restore the file from your git history`,
        EXIT.internal,
      );
    return { kind: 'file', bytes: readBytes(file, stat.size, likely), executable: isExecutable(stat) };
  } finally {
    fs.closeSync(file);
  }
}

/** Where files are compared: most are what is rendered, and need no memory of their own. */
const page = Buffer.allocUnsafeSlow(1 << 17);

function readBytes(file: number, size: number, likely: Buffer | undefined): Buffer {
  if (likely?.length !== size || size >= page.length) return fs.readFileSync(file);
  // One byte more, in case the file grows.
  const found = page.subarray(0, fs.readSync(file, page, 0, size + 1, 0));
  return found.equals(likely) ? likely : fs.readFileSync(file);
}

/** What is in the place of a folder above a path: `nothing` if that is free, undefined if it is a folder. */
function blockedBy(root: string, folder: string, known: Map<string, string | undefined>): string | undefined {
  if (known.has(folder)) return known.get(folder);
  let found = blockedBy(root, dirname(folder), known);
  if (!found) {
    const stat = fs.lstatSync(join(root, folder), { throwIfNoEntry: false });
    if (!stat) found = 'nothing';
    else if (!stat.isDirectory()) found = `${whatIs(stat)} in the place of the folder ${folder}`;
  }
  known.set(folder, found);
  return found;
}

function whatIs(stat: fs.Stats): string {
  if (stat.isSymbolicLink()) return 'a link';
  if (stat.isDirectory()) return 'a folder';
  return stat.isFile() ? 'a file' : 'a device';
}

/**
 * Checks that folders can be there.
 * @throws UserError (conflict) if something else is in the place of one
 */
export function checkFolders(root: string, dirs: readonly string[]): void {
  // A folder that is there has those above it, too.
  const missing = dirs.filter((dir) => !isFolder(join(root, dir)));
  for (const dir of new Set(['.', ...missing.flatMap(withParents)])) {
    const path = join(root, dir);
    // A link to a folder is one: data/ may live elsewhere.
    if (isFolder(path)) continue;
    if (fs.lstatSync(path, { throwIfNoEntry: false }))
      throw new UserError(`${path} is not a folder, which has to be there; move it away`, EXIT.conflict);
  }
}

function withParents(dir: string): string[] {
  return dir === '.' ? [] : [...withParents(dirname(dir)), dir];
}
