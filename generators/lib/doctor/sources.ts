import fs from 'node:fs';
import { join } from 'node:path';
import { lstat } from '../apply/state.ts';
import { isWithin, plainPath } from '../model/path-checks.ts';
import type { Image } from '../model/schema.ts';
import { error, type Finding, ok } from './finding.ts';

const OURS = /^(100_dirs_and_prerequisites|200_reconfigure|300_nginx|400_circus)\.sls$/;

/** Whether the build stops for a config whose template is not there. */
export function checkConfigs(root: string, image: Image): Finding[] {
  return Object.entries(image.configs).flatMap(([name, { source }]) => {
    const from = join(root, 'project', source);
    if (source.includes('{') || lstat(from)) return [];
    const made = madeByBuild(root, image, source, 200);
    if (made) return [ok('configs', `configs.${name}.source may be made by ${made}`)];
    const fix = 'put it there, or take the config away with null';
    return [error('configs', `configs.${name}.source is not there (the build stops)`, from, fix)];
  });
}

/**
 * What may make a file of project/ while the image is built, undefined if nothing does.
 * @param before the number of the step that needs it
 */
export function madeByBuild(root: string, image: Image, source: string, before = 1000): string | undefined {
  const path = plainPath(`{project_root}/${source}`, image.name);
  const made = [
    ...Object.entries(image.downloads).map(([name, { target }]) => [`downloads.${name}`, target] as const),
    ...Object.entries(image.virtualenvs).map(
      ([name, { path }]) => [`virtualenvs.${name}`, path ?? `{project_dir}/venvs/${name}`] as const,
    ),
    ...Object.keys(image.directories).map((path) => [`directories.${path}`, path] as const),
  ];
  const found = made.find(([kind, target]) =>
    kind.startsWith('directories.')
      ? path === plainPath(target, image.name)
      : isWithin(path, plainPath(target, image.name)) || isWithin(plainPath(target, image.name), path),
  );
  if (found) return found[0];
  const folder = join(root, 'project/.salt');
  const names = lstat(folder)?.isDirectory() ? fs.readdirSync(folder) : [];
  return names.find((name) => /^[0-9]{3}_.*\.sls$/.test(name) && !OURS.test(name) && Number(name.slice(0, 3)) < before);
}
