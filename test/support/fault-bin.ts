import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { packageRoot } from '../../generators/lib/package.ts';
import type { Faults } from './faults.ts';

let preload: string | undefined;

/**
 * The environment in which calls of node:fs go wrong in a bin.
 * @param seen a file for the numbers of the calls that change something
 */
export function faultyEnv(faults: Faults, seen = ''): Record<string, string> {
  if (!preload) {
    preload = join(packageRoot, `node_modules/.cache/fault-preload-${process.pid}.cjs`);
    const entryPoints = [join(packageRoot, 'test/support/fault-preload.ts')];
    buildSync({ entryPoints, outfile: preload, bundle: true, platform: 'node', format: 'cjs' });
  }
  return {
    NODE_OPTIONS: `--require ${preload}`,
    FAULTS_HERE: JSON.stringify(faults),
    FAULTS_SEEN: seen,
    // No absolute path: nothing is kept of a run for the next, which would have other calls.
    XDG_CACHE_HOME: 'none',
  };
}
