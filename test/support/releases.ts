import { cpSync, mkdtempSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { run, work } from './projects.ts';
import { tempDir } from './run.ts';

/** A project `demo` as a release wrote it, from that release's packed tarball; the package is beside it. */
export const projectOf = (release: string, ...flags: string[]) => madeBy(release, ['new', 'demo', ...flags]);

/** The folder of a base image, the same way. */
export const baseOf = (release: string) => madeBy(release, ['base', 'base']);

const made = new Map<string, Promise<string>>();

/** A copy of what a release made: the same words make the same each time. */
async function madeBy(release: string, args: [verb: string, name: string, ...flags: string[]]): Promise<string> {
  const key = JSON.stringify([release, args]);
  const first = made.get(key) ?? make(release, args);
  made.set(key, first);
  const from = await first;
  const parent = tempDir();
  symlinkSync(join(from, 'package'), join(parent, 'package'));
  cpSync(join(from, args[1]), join(parent, args[1]), { recursive: true, verbatimSymlinks: true });
  return join(parent, args[1]);
}

/** @returns a folder with what a release made and its package, for as long as the file's tests run */
async function make(release: string, args: string[]): Promise<string> {
  const parent = mkdtempSync(join(work, 'release-'));
  const tarball = join(packageRoot, `test/fixtures/generator-makina-image-${release}.tgz`);
  await execa('tar', ['-xzf', tarball, '-C', parent]);
  symlinkSync(join(packageRoot, 'node_modules'), join(parent, 'package/node_modules'));
  const { code } = await run(join(parent, 'package/dist/makina-image.cjs'), parent, args);
  expect(code).toBe(0);
  return parent;
}
