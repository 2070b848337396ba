import { realpathSync } from 'node:fs';
import { delimiter, isAbsolute, sep } from 'node:path';

const SYSTEM = ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);

/**
 * The folders of a PATH in which a command is looked for: none that depends on the current folder, and none below `folder`, since no
 * file of a project must be run.
 */
export function safePath(path: string, folder: string): string {
  const below = `${real(folder)}${sep}`;
  const folders = path.split(delimiter).filter((each) => isAbsolute(each) && !`${real(each)}${sep}`.startsWith(below));
  // An empty PATH is the current folder.
  return folders.length > 0 ? folders.join(delimiter) : SYSTEM;
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
