import { spawnSync } from 'node:child_process';

/**
 * Which of some paths git does not have as they are on disk: changed, untracked or ignored ones.
 * @returns [] where there is no git or no repository
 */
export function dirtyPaths(root: string, paths: readonly string[]): string[] {
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
  const { status, stdout } = spawnSync('git', ['-C', root, '-c', 'status.relativePaths=true', ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) return [];
  return paths.filter((path) => stdout.split('\0').some((line) => isOf(line.slice(3), path)));
}

/** git names a folder where all that is in it is ignored; with -z its paths are those of the repository. */
function isOf(found: string, path: string): boolean {
  return (
    found !== '' &&
    (found === path || found.endsWith(`/${path}`) || (found.endsWith('/') && `/${path}`.includes(`/${found}`)))
  );
}
