import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../package.ts';
import { asRunner } from './rights.ts';

let loaded: typeof import('yaml') | undefined;

/** The package `yaml`, for a run that cannot wait. CI runs this package without its dependencies, so a copy of it comes along. */
export function loadYaml(): typeof import('yaml') {
  loaded ??= asRunner(() => {
    const copy = join(packageRoot, 'dist/yaml.cjs');
    const load = createRequire(join(packageRoot, 'package.json'));
    return load(existsSync(copy) ? copy : 'yaml') as typeof import('yaml');
  });
  return loaded;
}
