/** Which folder a path leads to, while its owner could put a link in its place. */

import fs from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, UserError } from '../../errors.ts';
import { codeOf } from '../../system/files.ts';
import { asOwner } from '../../system/rights.ts';

const ROOT = 0;
/** Not in Node's constants: a folder that need not be readable. */
const O_PATH = 0o10000000;

/**
 * The folders that must still be the same when the engine has mounted them: root runs this for a project of someone else.
 * @returns `device:inode` by their paths; empty where the engine does not mount more than who runs this could read anyway
 * @throws UserError for one that is no longer the project's
 */
export function inodesOf(root: string, paths: readonly string[]): Map<string, string> {
  if (process.geteuid?.() !== ROOT || process.platform !== 'linux') return new Map();
  const owner = asOwner(root, () => process.geteuid?.());
  if (owner === ROOT) return new Map();
  return new Map(paths.map((path) => [path, inodeOf(path, dirname(path) === root ? owner : undefined)]));
}

/** @param owner that of the folder above, which no link can fake */
function inodeOf(path: string, owner: number | undefined): string {
  let folder: number | undefined;
  try {
    folder = fs.openSync(path, O_PATH | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW);
    const isThere = owner === undefined || fs.statSync(`/proc/self/fd/${folder}/..`).uid === owner;
    const { dev, ino } = fs.fstatSync(folder, { bigint: true });
    if (isThere) return `${dev}:${ino}`;
  } catch (error) {
    if (!['ELOOP', 'ENOTDIR', 'ENOENT'].includes(codeOf(error) ?? '')) throw error;
  } finally {
    if (folder !== undefined) fs.closeSync(folder);
  }
  throw replaced(path);
}

/** @param name how sentences call a folder */
export const replaced = (name: string) =>
  new UserError(
    `${name} was replaced by something else meanwhile, so nothing of it was read or written; run it again as the owner of the project, who may use the engine`,
    EXIT.internal,
  );
