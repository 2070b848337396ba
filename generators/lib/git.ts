import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT, UserError } from './errors.ts';

/**
 * Which of some paths git does not have as they are on disk: changed, untracked or ignored ones.
 * @returns [] where there is no git, or no repository around the folder
 * @throws UserError (internal) when git cannot tell, as for a repository of another owner
 */
export function dirtyPaths(root: string, paths: readonly string[]): string[] {
  // Of a folder that is a submodule its own repository knows.
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  return folders.flatMap((folder) => {
    const below = paths.filter((path) => dirname(path) === folder);
    const dirty = dirtyNames(
      join(root, folder),
      below.map((path) => basename(path)),
    );
    return below.filter((path) => dirty.includes(basename(path)));
  });
}

function dirtyNames(folder: string, names: readonly string[]): string[] {
  if (!isInRepository(folder)) return [];
  const args = [
    'status',
    '--porcelain',
    '-z',
    '--ignored=matching',
    '--untracked-files=all',
    '--no-renames',
    '--',
    ...names,
  ];
  const prefix = ask(folder, ['rev-parse', '--show-prefix']).replace(/\n$/, '');
  const status = ask(folder, args).split('\0');
  const listed = ask(folder, ['ls-files', '-v', '-z', '--', ...names]).split('\0');
  const changed = status.map((line) => line.slice(3));
  // H is what it looks at; other letters say that it was told not to (assume-unchanged, skip-worktree).
  const unseen = listed.filter((line) => line[0] !== 'H').map((line) => line.slice(2));
  return names.filter((name) => unseen.includes(name) || changed.some((dirty) => isOf(dirty, prefix + name)));
}

/** What git prints; nothing where there is no git. */
function ask(folder: string, words: string[]): string {
  // Without optional locks, since git status would write what it finds into the index.
  const args = ['--no-optional-locks', '-C', folder, ...words];
  // A .gitignore may be a FIFO, which git waits for.
  const limit = { timeout: 60_000, killSignal: 'SIGKILL' } as const;
  const { status, stdout, stderr, error } = spawnSync('git', args, { encoding: 'utf8', ...limit });
  if (status === 0) return stdout;
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return '';
  const why = error?.message ?? stderr.trim().split('\n')[0];
  throw new UserError(
    `${folder}: git cannot tell which edits it has (${why}); mend that, or use --allow-dirty`,
    EXIT.internal,
  );
}

/**
 * Which of some paths git ignores, though it does not have them, and what says so (`/srv/shop/.gitignore:3:/x/`).
 * @returns undefined where there is no git or no repository
 */
export function ignoredBy(root: string, paths: readonly string[]): { path: string; source: string }[] | undefined {
  if (!isInRepository(root)) return undefined;
  const args = ['-C', root, 'check-ignore', '--verbose', '-z', '--stdin'];
  // A .gitignore may be a FIFO, which git waits for.
  const limit = { timeout: 1500, killSignal: 'SIGKILL' } as const;
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', input: paths.join('\0'), ...limit });
  // 1: none of them.
  if (status !== 0 && status !== 1) return undefined;
  const words = stdout.split('\0');
  const top = spawnSync('git', ['-C', root, 'rev-parse', '--show-toplevel'], { encoding: 'utf8', ...limit });
  // Four words for each: a file, a line, a pattern, the path. A pattern with ! takes it back.
  return paths.flatMap((path) => {
    const at = words.findIndex((word, index) => index % 4 === 3 && word === path);
    const [file, line, pattern = ''] = words.slice(at - 3, at);
    return at < 0 || pattern.startsWith('!')
      ? []
      : [{ path, source: `${resolve(top.stdout.trimEnd(), file as string)}:${line}:${pattern}` }];
  });
}

/** Both from the top of the repository; git names a folder where all that is in it is ignored. */
function isOf(dirty: string, path: string): boolean {
  return dirty === path || (dirty.endsWith('/') && path.startsWith(dirty));
}

/** Starting git for nothing would take longer than an upgrade. */
function isInRepository(folder: string): boolean {
  return existsSync(join(folder, '.git')) || (dirname(folder) !== folder && isInRepository(dirname(folder)));
}
