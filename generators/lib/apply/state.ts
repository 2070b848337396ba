import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256Of } from '../sha256.ts';
import { isExecutable, lstat } from '../system/files.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;

/** The generator's own folder in a project, and what a run keeps in there while it writes. */
export const OWN = '.makina-image';
export const LOCK = `${OWN}/lock`;
export const TX = `${OWN}/tx`;

/**
 * What is at a path, without following a link.
 * @returns the hash of a file's content, with a `*` if it is executable; `folder`, `link`, `below a link` or `device`;
 * undefined if nothing is there
 */
export function stateOf(root: string, path: string): string | undefined {
  return statesOf(root, [path]).get(path);
}

/** The same of several paths; a folder above them is looked at once. */
export function statesOf(root: string, paths: Iterable<string>): Map<string, string | undefined> {
  const states = new Map<string, string | undefined>();
  const folders = new Map<string, Above>([['.', 'folder']]);
  for (const path of paths) if (!states.has(path)) states.set(path, stateBelow(root, path, folders));
  return states;
}

/** What is in the place of a folder. */
type Above = 'folder' | 'link' | 'no folder';

function stateBelow(root: string, path: string, folders: Map<string, Above>): string | undefined {
  const above = folderAt(root, dirname(path), folders);
  if (above !== 'folder') return above === 'link' ? 'below a link' : undefined;
  const full = `${root}/${path}`;
  const stat = lstat(full);
  if (!stat) return undefined;
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isDirectory()) return 'folder';
  return stat.isFile() ? fileState(fs.readFileSync(full), isExecutable(stat)) : 'device';
}

function folderAt(root: string, folder: string, known: Map<string, Above>): Above {
  let found = known.get(folder);
  if (found) return found;
  found = folderAt(root, dirname(folder), known);
  if (found === 'folder') {
    const stat = lstat(`${root}/${folder}`);
    if (!stat?.isDirectory()) found = stat?.isSymbolicLink() ? 'link' : 'no folder';
  }
  known.set(folder, found);
  return found;
}

/** The state of a file with this content. */
export function fileState(bytes: Buffer, executable: boolean): string {
  return sha256Of(bytes) + (executable ? '*' : '');
}

/** The folders above a relative path, the outermost first. */
export function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? [] : [...parentsOf(parent), parent];
}

/**
 * Gives a file or folder that was just made to the owner of what is like it: a run of root, with sudo or in a container, takes
 * nothing from the project's user.
 */
export function giveTo({ uid, gid }: fs.Stats, file: number): void {
  const made = fs.fstatSync(file);
  if (made.uid === uid && made.gid === gid) return;
  try {
    fs.fchownSync(file, uid, gid);
  } catch {
    // Only root may do all of that.
  }
}

/** Makes a folder that belongs to the owner of the project. */
export function makeOwnedFolder(root: string, path: string): void {
  fs.mkdirSync(join(root, path));
  const file = fs.openSync(join(root, path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    giveTo(fs.statSync(root), file);
  } finally {
    fs.closeSync(file);
  }
}

/** Names that lead elsewhere, and git's own. */
const FOREIGN = /(^|\/)(\.{0,2}|\.git|git~1)(\/|$)/iu;
/** What a run needs for itself. */
const BUSY = /^\.makina-image(\/(lock|tx)(\/|$)|$)|(^|\/)\.makina-image-tx(\/|$)/iu;

/** Whether a path stays inside the project, and off git's files and those that a run needs for itself. */
export function isWritable(path: string): boolean {
  return isFree(path) && !BUSY.test(seen(path));
}

/** Whether a path stays inside the project, and off git's files. */
export function isFree(path: string): boolean {
  return !path.includes('\0') && !FOREIGN.test(seen(path));
}

/** Some file systems take a name for `.git` whatever its case, and with invisible characters in it. */
function seen(path: string): string {
  return path.replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '');
}
