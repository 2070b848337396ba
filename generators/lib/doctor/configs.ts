import { join, posix } from 'node:path';
import { isWithin, plainPath } from '../model/path-checks.ts';
import type { Image } from '../model/schema.ts';
import { madeByBuild } from '../project/sources.ts';
import { lstat } from '../system/files.ts';
import { error, type Finding, ok } from './finding.ts';

/** Whether the build stops for a link of project/ where the code has something else. */
export function checkLinks(root: string, image: Image): Finding[] {
  const folder = plainPath('{project_root}', image.name);
  return Object.keys(image.symlinks).flatMap((path) => {
    const place = plainPath(path, image.name);
    const there = join(root, 'project', posix.relative(folder, place));
    if (!isWithin(place, folder) || !lstat(there)) return [];
    return [
      error('links', `the code has what symlinks.${path} is a link to (the build stops)`, there, 'remove it there'),
    ];
  });
}

/** Whether the build stops for a config whose template is not there. */
export function checkConfigs(root: string, image: Image): Finding[] {
  return Object.entries(image.configs).flatMap(([name, { source }]) => {
    const from = join(root, 'project', source);
    if (source.includes('{') || lstat(from)) return [];
    const made = madeByBuild(root, image, source, 200);
    if (made) return [ok('configs', `configs.${name}.source may be made by ${made}`)];
    const fix = 'add it, or remove the config with null';
    return [error('configs', `configs.${name}.source is not there (the build stops)`, from, fix)];
  });
}
