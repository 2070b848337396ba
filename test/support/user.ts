import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
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

/** This checkout where the ordinary user can read it: in place, or as a copy that `remove` takes away. */
export function readableCheckout(): { checkout: string; remove: () => void } {
  if (!isRoot || readableByAll(packageRoot)) return { checkout: packageRoot, remove: () => undefined };
  const copy = mkdtempSync(join(tmpdir(), 'makina-image-checkout-'));
  chmodSync(copy, 0o755);
  const filter = (path: string) => !['.git', '.cache', 'demo'].includes(relative(packageRoot, path));
  cpSync(packageRoot, copy, { recursive: true, verbatimSymlinks: true, filter });
  return { checkout: copy, remove: () => rmSync(copy, { recursive: true }) };
}

function readableByAll(path: string): boolean {
  return (statSync(path).mode & 0o005) === 0o005 && (path === '/' || readableByAll(dirname(path)));
}
