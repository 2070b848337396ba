import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Which of some paths git does not have as they are on disk: changed, untracked or ignored ones.
 * @returns [] where there is no git or no repository
 */
export function dirtyPaths(root: string, paths: readonly string[]): string[] {
  if (!isInRepository(root)) return [];
  const args = [
    'status',
    '--porcelain',
    '-z',
    '--ignored=matching',
    '--untracked-files=all',
    '--no-renames',
    '--',
    ...paths,
  ];
  // Without optional locks, since git status would write what it finds into the index.
  const git = (words: string[]) =>
    spawnSync('git', ['--no-optional-locks', '-C', root, ...words], { encoding: 'utf8' });
  const prefix = git(['rev-parse', '--show-prefix']);
  const { status, stdout } = git(args);
  if (prefix.status !== 0 || status !== 0) return [];
  const found = stdout.split('\0').map((line) => line.slice(3));
  return paths.filter((path) => found.some((dirty) => isOf(dirty, prefix.stdout.replace(/\n$/, '') + path)));
}

/** Both from the top of the repository; git names a folder where all that is in it is ignored. */
function isOf(dirty: string, path: string): boolean {
  return dirty === path || (dirty.endsWith('/') && path.startsWith(dirty));
}

/** Starting git for nothing would take longer than an upgrade. */
function isInRepository(folder: string): boolean {
  return existsSync(join(folder, '.git')) || (dirname(folder) !== folder && isInRepository(dirname(folder)));
}
