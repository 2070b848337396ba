import { accessSync, chownSync, constants, cpSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../generators/lib/package.ts';
import { tempDir } from './run.ts';

const ORDINARY = 1000;
const isRoot = process.getuid?.() === 0;

/** A command line run as an ordinary user, since yo refuses root. */
export function asUser(command: string[]): string[] {
  if (!isRoot) return command;
  return ['setpriv', `--reuid=${ORDINARY}`, `--regid=${ORDINARY}`, '--clear-groups', ...command];
}

/** A fresh folder that the ordinary user may write, gone when the test ends. */
export function userDir(): string {
  const dir = tempDir();
  if (isRoot) chownSync(dir, ORDINARY, ORDINARY);
  return dir;
}

/** This checkout where the ordinary user can read it: in place, or as a copy. */
export function readableCheckout(): string {
  if (!isRoot || readableByAll(packageRoot)) return packageRoot;
  const copy = join(tempDir(), 'checkout');
  cpSync(packageRoot, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !/\/\.(git|cache)$/.test(path),
  });
  accessSync(dirname(copy), constants.R_OK);
  return copy;
}

function readableByAll(path: string): boolean {
  return (statSync(path).mode & 0o005) === 0o005 && (path === '/' || readableByAll(dirname(path)));
}
