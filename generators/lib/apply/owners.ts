import type fs from 'node:fs';
import { join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { lstat } from '../system/files.ts';
import { parentsOf, TX } from './state.ts';

const ROOT = 0;
const STICKY = 0o1000;
const WRITABLE_BY_ALL = 0o002;

/**
 * Refuses to write as root if someone else owns a folder on the way to a file, and could put a link in its place meanwhile.
 * @throws UserError (internal) that names the folder
 */
export function refuseForeignFolders(root: string, paths: readonly string[]): void {
  if (process.geteuid?.() !== ROOT) return;
  for (const folder of new Set([TX, ...paths].flatMap(parentsOf))) {
    const stat = lstat(join(root, folder));
    if (!stat?.isDirectory() || (stat.uid === ROOT && (stat.mode & (STICKY | WRITABLE_BY_ALL)) !== WRITABLE_BY_ALL))
      continue;
    throw new UserError(
      `the project belongs to root, but others can change the folder ${join(root, folder)}; give all of it to one user with chown -R, and take the write permission of others with chmod o-w`,
      EXIT.internal,
    );
  }
}

/** Refuses steps that were left by someone other than this user and root. @throws UserError (internal) */
export function refuseForeign(path: string, { uid }: fs.Stats): void {
  const user = process.geteuid?.();
  if (user === undefined || uid === user || uid === ROOT) return;
  throw new UserError(
    `a run of the user ${uid} was cut short and left ${path}, and only that user can finish it; run it as that user, or remove the file`,
    EXIT.internal,
  );
}
