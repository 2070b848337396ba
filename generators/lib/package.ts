import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of this npm package: the nearest one above this file with a package.json (same answer from source, dist and bundle). */
export const packageRoot: string = (() => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** This generator's version, `1.2.3`. */
export const version: string = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version;

/** Major and minor of the version, `1.2`: the tag of the base image that belongs to it. */
export const minorVersion: string = version.split('.').slice(0, 2).join('.');

/** The `$id` of a schema: a name, since an address would have to stay valid. */
export function schemaId(kind: 'answers' | 'test' | 'report' | 'doctor'): string {
  return `urn:generator-makina-image:${minorVersion}:${kind}`;
}

/** Whether version `a` comes before `b`; a version that cannot be read counts as the oldest. */
export function isOlder(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => (/^(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number));
  const at = [0, 1, 2].find((index) => (x?.[index] ?? 0) !== (y?.[index] ?? 0));
  return at !== undefined && (x?.[at] ?? 0) < (y?.[at] ?? 0);
}
