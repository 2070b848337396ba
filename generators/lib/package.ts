import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this npm package: the nearest one above this file with a package.json (same answer from source, dist and bundle). */
export const packageRoot: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** This generator's version, `1.2.3`. */
export const version: string = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version;

/** Major and minor of the version, `1.2`: the tag of the base image that belongs to it. */
export const minorVersion: string = version.split('.').slice(0, 2).join('.');
