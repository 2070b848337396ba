import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';

/** The generator's own folder in a project, and what a run keeps in there while it writes. */
export const OWN = '.makina-image';
export const LOCK = `${OWN}/lock`;
export const TX = `${OWN}/tx`;

/**
 * What stands at a path, without following a link.
 * @returns the hash of a file's content, with a `*` if it is executable; `folder`, `link`, `below a link` or `device`;
 * undefined if nothing is there
 */
export function stateOf(root: string, path: string): string | undefined {
  for (const parent of parentsOf(path)) {
    const stat = lstat(join(root, parent));
    if (stat?.isSymbolicLink()) return 'below a link';
    if (!stat?.isDirectory()) return undefined;
  }
  const stat = lstat(join(root, path));
  if (!stat) return undefined;
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isDirectory()) return 'folder';
  return stat.isFile() ? fileState(fs.readFileSync(join(root, path)), (stat.mode & 0o100) !== 0) : 'device';
}

/** The state of a file with this content. */
export function fileState(bytes: Buffer, executable: boolean): string {
  return createHash('sha256').update(bytes).digest('hex') + (executable ? '*' : '');
}

/** The folders above a relative path, the outermost first. */
export function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? [] : [...parentsOf(parent), parent];
}

/** What lstat tells, undefined if nothing is there. */
export function lstat(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The code of a system error, such as ENOENT. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Whether a path stays inside the project, and off git's files and those that a run needs for itself. */
export function isWritable(path: string): boolean {
  if (path.includes('\0')) return false;
  // Some file systems take a name for `.git` whatever its case, and with characters in it that nobody sees.
  const names = path.split('/').map((name) => name.replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, ''));
  const folded = names.map((name) => name.toLowerCase());
  if (folded.some((name) => ['', '.', '..', '.git', 'git~1'].includes(name))) return false;
  return folded[0] !== OWN || ![undefined, 'lock', 'tx'].includes(folded[1]);
}
