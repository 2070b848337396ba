import fs from 'node:fs';
import { join, relative } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { lstat } from '../system/files.ts';
import { readMounts } from '../system/mounts.ts';
import { parentsOf, TX } from './state.ts';

/** What a run stages on another disk than the project's: a folder at the top of that disk. */
const AREA = '.makina-image-tx';
export const areaPath = (area: string) => join(area, AREA);

/** What is mounted at and below a folder: relative paths, `.` for the folder itself. */
export function mountsIn(root: string, paths: readonly string[]): string[] {
  const mounts = readMounts();
  if (!mounts) return otherDevices(root, paths);
  const real = fs.realpathSync(root);
  const inside = mounts.flatMap(({ path }) =>
    path.startsWith(`${real === '/' ? '' : real}/`) ? [relative(real, path)] : [],
  );
  return [...new Set(inside)];
}

/** The folders above some paths that are on another device than the folder they are in. */
function otherDevices(root: string, paths: readonly string[]): string[] {
  const folders = new Set([TX, ...paths].flatMap(parentsOf));
  return [...folders].filter((folder) => {
    const stat = lstat(join(root, folder));
    return stat?.isDirectory() && stat.dev !== fs.statSync(join(root, folder, '..')).dev;
  });
}

/**
 * The mount on which a path is staged, since nothing can be renamed from one mount to another; undefined for that of the engine's
 * own folder.
 */
export function areaOf(path: string, mounts: readonly string[]): string | undefined {
  const mount = mountOf(path, mounts);
  return mount === mountOf(TX, mounts) ? undefined : mount;
}

function mountOf(path: string, mounts: readonly string[]): string {
  return parentsOf(path).findLast((folder) => mounts.includes(folder)) ?? '.';
}

/** A file that is mounted by itself cannot be replaced. @throws UserError (internal) */
export function refuseMounted(root: string, paths: readonly string[], mounts: readonly string[]): void {
  const path = paths.find((each) => mounts.includes(each));
  if (path === undefined) return;
  throw new UserError(
    `${join(root, path)} is mounted by itself, so it cannot be replaced; nothing was changed, run it where that file is not mounted`,
    EXIT.internal,
  );
}
