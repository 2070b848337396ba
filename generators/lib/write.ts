import fs from 'node:fs';
import { join, relative, sep } from 'node:path';
import { apply } from './apply/apply.ts';
import { EXIT, UserError } from './errors.ts';
import { packageRoot } from './package.ts';
import { readDisk } from './plan/disk.ts';
import { type Change, plan } from './plan/plan.ts';
import type { Rendered } from './render/render.ts';

/** What was done. */
export interface Written {
  destination: string;
  /** What was changed, in the order it was done. */
  changes: Change[];
  /** Files that the user edited and where nothing new comes out: they were left alone. */
  kept: string[];
}

/** Folders of the generator's own checkout that no project may be written into. */
const OWN_FOLDERS = new Set(['', '.ci', '.git', 'dist', 'docs', 'generators', 'node_modules', 'templates', 'test']);

/**
 * Brings a folder to a rendered tree: the one call behind every verb that writes.
 * @param destination the folder, absolute
 * @param before the tree that the folder's stored answers stand for, if it is a project already
 * @param next the tree that is to be there
 * @param force replace files that differ
 * @throws UserError (conflict) that names every file in the way; nothing is written then
 */
export function write(destination: string, before: Rendered | undefined, next: Rendered, force: boolean): Written {
  refuseOwnFolders(destination);
  // A seed that was written once is not looked at again: the user may have moved it behind a link.
  const isTheirs = (path: string) => [before, next].every((tree) => tree?.files.get(path)?.policy === 'seed');
  const paths = new Set([...next.files.keys(), ...(before?.files.keys() ?? [])].filter((path) => !isTheirs(path)));
  const found = plan(readDisk(destination, paths, next.dirs), before, next);
  const conflicts = found.filter(({ kind }) => kind === 'conflict').map(({ path }) => `  ${path}`);
  if (conflicts.length > 0 && !force) {
    const files = conflicts.join('\n');
    throw new UserError(
      `${destination} has files that differ from what would be written, nothing was written; move them away or use --force:\n${files}`,
      EXIT.conflict,
    );
  }
  const changes = force ? found : found.filter(({ kind }) => kind !== 'kept');
  apply(destination, changes, next.dirs);
  const kept = found.filter((change) => !changes.includes(change)).map(({ path }) => path);
  return { destination, changes, kept };
}

function refuseOwnFolders(destination: string): void {
  const path = relative(fs.realpathSync(packageRoot), existingRealpath(destination));
  if (!OWN_FOLDERS.has(path.split(sep)[0] as string)) return;
  throw new UserError(`${destination} belongs to the generator itself; choose another folder with --destination`);
}

function existingRealpath(path: string): string {
  return fs.existsSync(path)
    ? fs.realpathSync(path)
    : join(existingRealpath(join(path, '..')), path.split(sep).at(-1) as string);
}
