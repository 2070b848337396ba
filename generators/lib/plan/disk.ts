import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import type { DiskFile } from './plan.ts';

/**
 * Reads what is at some paths of a folder.
 * @param root the folder, which need not exist
 * @param paths relative paths with `/`
 * @param dirs folders that are to be there too
 * @throws UserError (conflict) where a folder, a link or a device stands in the place of a file or a parent folder
 */
export function readDisk(
  root: string,
  paths: Iterable<string>,
  dirs: readonly string[] = [],
): Map<string, DiskFile | undefined> {
  for (const dir of ['.', ...dirs.flatMap(withParents)]) refuseOtherThanFolder(root, dir);
  const disk = new Map<string, DiskFile | undefined>();
  const parents = new Set<string>();
  for (const path of paths) {
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) parents.add(parent);
    const stat = lstat(join(root, path));
    if (stat && !stat.isFile()) throw inTheWay(root, path, 'a file');
    disk.set(path, stat && { bytes: fs.readFileSync(join(root, path)), executable: (stat.mode & 0o100) !== 0 });
  }
  for (const parent of parents) {
    const stat = lstat(join(root, parent));
    if (stat && !stat.isDirectory()) throw inTheWay(root, parent, 'a folder');
  }
  return disk;
}

function withParents(dir: string): string[] {
  return dir === '.' ? [] : [...withParents(dirname(dir)), dir];
}

/** A link to a folder is one. */
function refuseOtherThanFolder(root: string, dir: string): void {
  const path = join(root, dir);
  if (lstat(path) && !fs.statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw inTheWay(root, dir, 'a folder');
}

function lstat(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function inTheWay(root: string, path: string, wanted: string): UserError {
  return new UserError(
    `${join(root, path)} is not ${wanted}, which has to be written there; move it away`,
    EXIT.conflict,
  );
}
