import type fs from 'node:fs';
import { join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { lstat, parentsOf, TX } from './state.ts';

const ROOT = 0;
const STICKY = 0o1000;
const WRITABLE_BY_ALL = 0o002;

/**
 * Refuses to write as root where somebody else has a folder on the way to a file, and could put a link in its place meanwhile.
 * @throws UserError (internal) that names the folder
 */
export function refuseForeignFolders(root: string, paths: readonly string[]): void {
  if (process.geteuid?.() !== ROOT) return;
  for (const folder of new Set([TX, ...paths].flatMap(parentsOf))) {
    const stat = lstat(join(root, folder));
    if (!stat?.isDirectory() || (stat.uid === ROOT && (stat.mode & (STICKY | WRITABLE_BY_ALL)) !== WRITABLE_BY_ALL))
      continue;
    throw new UserError(
      `${join(root, folder)} is a folder that others than root can change, in a project of root's; give all of it to one user with chown -R, and take the write permission of others with chmod o-w`,
      EXIT.internal,
    );
  }
}

/** Refuses what somebody else than this user and root has left to be carried out. @throws UserError (internal) */
export function refuseForeign(path: string, { uid }: fs.Stats): void {
  const user = process.geteuid?.();
  if (user === undefined || uid === user || uid === ROOT) return;
  throw new UserError(
    `${path} is of the user ${uid}, and says what to write; let that user run it, or remove it`,
    EXIT.internal,
  );
}
