import fs from 'node:fs';

/** Whether a file is executable: by its owner, as for git. */
export function isExecutable({ mode }: fs.Stats): boolean {
  return (mode & 0o100) !== 0;
}

/** What lstat returns, undefined if nothing is there. */
export function lstat(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Whether a folder is there, or a link to one; what cannot be read counts as one. */
export function isFolder(path: string): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    if (codeOf(error) === 'EACCES') return true;
    throw error;
  }
}

/** The code of a system error, such as ENOENT. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
