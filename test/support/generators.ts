import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../generators/lib/package.ts';

export const NEIGHBOUR = join(packageRoot, 'test/fixtures/neighbour');

/** What the neighbour of test/fixtures composes with in a phase, and what it writes. */
export interface Plan {
  compose?: Record<string, { generator: string; args?: unknown[]; options?: object }[]>;
  files?: Record<string, string>;
  dependencies?: Record<string, string>;
  features?: object;
}

interface Registry {
  register(path: string, meta: { namespace: string; packagePath: string }): unknown;
}

/** Makes an environment know our generators as they are built, and the neighbour. */
export function register(
  env: Registry,
  verbs: readonly string[] = ['app', 'base', 'check', 'circus-program', 'doctor'],
) {
  for (const verb of verbs)
    env.register(join(packageRoot, `dist/generators/${verb}/index.js`), {
      namespace: `makina-image:${verb}`,
      packagePath: packageRoot,
    });
  env.register(join(NEIGHBOUR, 'index.js'), { namespace: 'neighbour:app', packagePath: NEIGHBOUR });
}

/** A folder below another one. */
export function below(dir: string, name: string): string {
  mkdirSync(join(dir, name), { recursive: true });
  return join(dir, name);
}
