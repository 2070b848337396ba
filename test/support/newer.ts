import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../generators/lib/package.ts';

/** A change of the text of a template, by its path below templates/, without `.ejs`. */
export type Changes = Record<string, (text: string) => string>;

/** What 9.0.0 changes. */
export const NEWER: Changes = {
  'project/README.md': (text) => `${text}\nNews of 9.0.0\n`,
  'project/compose.yaml': (text) => text.replace('stop_grace_period', '# of 9.0.0\n    stop_grace_period'),
  'project/project/launch.sh': (text) => text.replace('\n', '\n# of 9.0.0\n'),
  'base/Dockerfile': (text) => `# of 9.0.0\n${text}`,
  'project/pillar/init.sls': (text) => `${text}# of 9.0.0\n`,
};

/**
 * Another version of this generator.
 * @param folder where to put it; it need not exist
 * @returns its bin
 */
export function otherVersion(folder: string, version: string, changes: Changes): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ['dist', 'templates', 'package.json'])
    cpSync(join(packageRoot, name), join(folder, name), { recursive: true });
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'));
  const change = (path: string, how: (text: string) => string) =>
    writeFileSync(join(folder, path), how(readFileSync(join(folder, path), 'utf8')));
  change('package.json', (text) => text.replace(/"version": "[^"]*"/, `"version": "${version}"`));
  for (const [path, how] of Object.entries(changes)) change(`templates/${path}.ejs`, how);
  return join(folder, 'dist/makina-image.cjs');
}
