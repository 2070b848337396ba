// Real projects of the bin, a package that is one version further, and the release before.
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from './command.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
export const bin = join(root, 'dist/makina-image.cjs');

const RAISED = [
  'project/README.md',
  'project/compose.yaml',
  'project/project/Dockerfile',
  'project/project/launch.sh',
  'project/project/.salt/100_dirs_and_prerequisites.sls',
  'project/project/.salt/_modules/mc_launcher.py',
];
const EDITED = ['compose.yaml', 'project/launch.sh', 'project/.salt/_modules/mc_launcher.py'];

/** Version 0.2.0, as it was packed. @returns the folder of the package */
export function release020(folder) {
  mkdirSync(folder, { recursive: true });
  must(['tar', '-xzf', join(root, 'test/fixtures/generator-makina-image-0.2.0.tgz'), '-C', folder]);
  symlinkSync(join(root, 'node_modules'), join(folder, 'package/node_modules'));
  return join(folder, 'package');
}

/** A package, this one if none is named, with a higher version and some changed templates. @returns its bin */
export function raisedPackage(folder, source = root) {
  mkdirSync(folder, { recursive: true });
  for (const part of ['dist', 'templates']) cpSync(join(source, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const description = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const [major, minor] = description.version.split('.').map(Number);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ ...description, version: `${major}.${minor + 1}.0` }, null, 2),
  );
  for (const path of RAISED) appendFileSync(join(folder, 'templates', `${path}.ejs`), '# of the next version\n');
  return join(folder, 'dist/makina-image.cjs');
}

export function newProject(folder, name, program = bin) {
  must(['node', program, 'new', name, '--yes', '--destination', folder]);
}

/** Edits that can be merged. */
export function edit(folder) {
  for (const path of EDITED) {
    const [first, ...rest] = readFileSync(join(folder, path), 'utf8').split('\n');
    writeFileSync(join(folder, path), [first, '# of my own', ...rest].join('\n'));
  }
}

/** An edit where the next version has one. */
export function editInConflict(folder) {
  appendFileSync(join(folder, 'project/launch.sh'), '# of my own\n');
}
