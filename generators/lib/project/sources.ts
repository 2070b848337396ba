import fs from 'node:fs';
import { join } from 'node:path';
import { isWithin, plainPath } from '../model/path-checks.ts';
import type { Image } from '../model/schema.ts';
import { withVariables } from '../model/variables.ts';
import { lstat } from '../system/files.ts';

const OURS = /^(100_dirs_and_prerequisites|200_reconfigure|300_nginx|400_circus)\.sls$/;

/** The sources of `kind` that are not in the project and that nothing in the build may make: `[name, source]` each. */
export function missingSources(root: string, given: Image, kind: 'configs' | 'seeds'): [string, string][] {
  const image = withVariables(given);
  const before = kind === 'configs' ? 200 : 1000;
  return Object.entries(image[kind]).flatMap(([name, { source }]): [string, string][] => {
    if (source === undefined || /^\/|\{/.test(source) || lstat(join(root, 'project', source))) return [];
    return madeByBuild(root, image, source, before) ? [] : [[name, source]];
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
