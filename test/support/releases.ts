import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { run } from './projects.ts';
import { tempDir } from './run.ts';

/** A project `demo` as a release wrote it, from that release's packed tarball; the package is beside it. */
export const projectOf = (release: string, ...flags: string[]) => madeBy(release, ['new', 'demo', ...flags]);

/** The folder of a base image, the same way. */
export const baseOf = (release: string) => madeBy(release, ['base', 'base']);

async function madeBy(release: string, args: [verb: string, name: string, ...flags: string[]]): Promise<string> {
  const parent = tempDir();
  const tarball = join(packageRoot, `test/fixtures/generator-makina-image-${release}.tgz`);
  await execa('tar', ['-xzf', tarball, '-C', parent]);
  symlinkSync(join(packageRoot, 'node_modules'), join(parent, 'package/node_modules'));
  const made = await run(join(parent, 'package/dist/makina-image.cjs'), parent, args);
  expect(made.code).toBe(0);
  return join(parent, args[1]);
}
