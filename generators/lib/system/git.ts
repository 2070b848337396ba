import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { shell } from '../text/quote.ts';
import { lstat } from './files.ts';
import { asRunner } from './rights.ts';
import { safePath } from './search-path.ts';

// The only place that runs git. Nothing that a repository brings is run: these commands need no filter, hook, monitor or remote that
// a configuration could name, and these settings name none.
const SETTINGS = [
  'core.fsmonitor=',
  'core.hooksPath=/dev/null',
  'safe.bareRepository=explicit',
  'protocol.allow=never',
];
/** The only variables that reach git: those of a hook are about another repository, those of sudo about another person. */
const KEPT = ['HOME', 'XDG_CONFIG_HOME'];
/** A partial clone would fetch what it lacks, and its configuration says how. */
const FIXED = {
  LC_ALL: 'C',
  GIT_ALLOW_PROTOCOL: '',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_TERMINAL_PROMPT: '0',
};

/**
 * Which of some paths the last commit does not have as they are on disk, but for the line ends of Windows.
 * @returns [] where there is no git, or no repository around the folder
 * @throws UserError (internal) if git refuses, as for a repository of another owner
 */
export function dirtyPaths(root: string, paths: readonly string[]): string[] {
  return repositoriesOf(root, paths).flatMap(({ real, top, paths, inTop }) => {
    const committed = committedFiles(top, paths.map(inTop));
    return committed ? paths.filter((path) => !isObject(join(real, path), committed.get(inTop(path)))) : [];
  });
}

/**
 * The mode that git has noted for a file, such as `100755`.
 * @returns undefined where git does not have the file
 * @throws UserError (internal) if git refuses
 */
export function trackedMode(root: string, path: string): string | undefined {
  const [repository] = repositoriesOf(root, [path]);
  if (!repository) return undefined;
  const { top, inTop } = repository;
  const words = ['--work-tree', top, '--literal-pathspecs', 'ls-files', '--stage', '-z', '--', inTop(path)];
  // `100644 1234abcd 0<tab>path`
  return git(top, words, [0])?.split(' ')[0] || undefined;
}

/** Whether git has a file, on the disk or not; false if git refuses to answer. */
export function isTracked(root: string, path: string): boolean {
  try {
    return trackedMode(root, path) !== undefined;
  } catch (failure) {
    if (failure instanceof UserError) return false;
    throw failure;
  }
}

/**
 * Which of some paths git ignores, though the last commit does not have them, and what says so (`/srv/shop/.gitignore:3:/x/`).
 * @returns [] where there is no git, or no repository around the folder
 * @throws UserError (internal) if git refuses
 */
export function ignoredPaths(root: string, paths: readonly string[]): { path: string; source: string }[] {
  return repositoriesOf(root, paths).flatMap(ignoredIn);
}

function ignoredIn({ top, paths, inTop }: Repository): { path: string; source: string }[] {
  // A name that begins with a colon would be a pattern.
  const named = (path: string) => `./${inTop(path)}`;
  const words = ['--work-tree', top, 'check-ignore', '--no-index', '--verbose', '-z', '--stdin'];
  const stdout = git(top, words, [0, 1], paths.map(named).join('\0'));
  if (!stdout) return [];
  const fields = stdout.split('\0');
  const ignored = paths.flatMap((path) => {
    // Four words for each: a file, a line, a pattern, the path. A pattern with ! takes it back.
    const at = fields.findIndex((word, index) => index % 4 === 3 && word === named(path));
    const [file = '', line, pattern = ''] = fields.slice(at - 3, at);
    return at < 0 || pattern.startsWith('!') ? [] : [{ path, source: `${resolve(top, file)}:${line}:${pattern}` }];
  });
  const committed = committedFiles(
    top,
    ignored.map(({ path }) => inTop(path)),
  );
  return ignored.filter(({ path }) => !committed?.has(inTop(path)));
}

/**
 * Which of some files that are missing never came through git: it ignores them, and no commit ever had them.
 * @param proof a file that a project which came through git has
 * @returns [] if that is not known, as in a shallow clone, or where git refuses
 */
export function neverCommitted(root: string, paths: readonly string[], proof: string): string[] {
  try {
    const ignored = new Set(ignoredPaths(root, paths).map(({ path }) => path));
    return repositoriesOf(root, [...ignored]).flatMap(({ top, real, paths, inTop }) => {
      const isElsewhere = repositoryAround(dirname(join(real, proof))) !== top;
      const isProved = isElsewhere || committedFiles(top, [inTop(proof)])?.has(inTop(proof));
      return isProved ? paths.filter((path) => !wasCommitted(top, inTop(path))) : [];
    });
  } catch (failure) {
    if (failure instanceof UserError) return [];
    throw failure;
  }
}

function wasCommitted(top: string, path: string): boolean {
  if (git(top, ['rev-parse', '--is-shallow-repository'], [0])?.trim() !== 'false') return true;
  const words = ['--literal-pathspecs', 'rev-list', '--full-history', '--max-count=1', 'HEAD', '--', path];
  return git(top, words, [0]) !== '';
}

/** A repository, and those of some paths of a project that it holds. */
interface Repository {
  top: string;
  /** The project, without links. */
  real: string;
  paths: string[];
  inTop: (path: string) => string;
}

/** The files of a submodule belong to its own repository, so git is asked there. */
function repositoriesOf(root: string, paths: readonly string[]): Repository[] {
  // A link to a project is in another repository than the project.
  const real = realpathSync(root);
  const tops = new Map(paths.map((path) => [path, repositoryAround(dirname(join(real, path)))]));
  return [...new Set(tops.values())].flatMap((top) => {
    if (top === undefined) return [];
    const inTop = (path: string) => relative(top, join(real, path));
    return [{ top, real, paths: paths.filter((path) => tops.get(path) === top), inTop }];
  });
}

/** The files of one commit. */
export type Commit = ReadonlyMap<string, Buffer>;
const MAX_COMMITS = 30;

/**
 * The files of the commits that changed one of them, newest first: a few of the newest, and the oldest.
 * @param path the file that changed
 * @param others files to read in the oldest commit
 * @returns [] where git has nothing of it, or refuses: this is evidence that may be missing
 */
export function historyOf(root: string, path: string, others: readonly string[]): Commit[] {
  const real = realpathSync(root);
  const top = repositoryAround(real);
  const inTop = (path: string) => relative(top ?? real, join(real, path));
  // The list that git reads has one name on each line.
  if (top === undefined || inTop(path).includes('\n')) return [];
  try {
    const listed = git(top, ['--literal-pathspecs', 'rev-list', 'HEAD', '--', inTop(path)], [0]) ?? '';
    const commits = listed.split('\n').filter(Boolean);
    const oldest = commits.at(-1);
    const asked = [
      ...commits
        .slice(0, -1)
        .slice(0, MAX_COMMITS)
        .map((commit) => ({ commit, paths: [path] })),
      ...(oldest ? [{ commit: oldest, paths: [path, ...others] }] : []),
    ];
    const names = asked.flatMap(({ commit, paths }) => paths.map((path) => `${commit}:${inTop(path)}\n`));
    const contents = contentsIn(git(top, ['cat-file', '--batch'], [0], names.join(''), 'latin1') ?? '');
    return asked.map(
      ({ paths }) =>
        new Map(
          paths.flatMap((path): [string, Buffer][] => {
            const bytes = contents.next().value;
            return bytes ? [[path, bytes]] : [];
          }),
        ),
    );
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** What `git cat-file --batch` prints: `1234abcd blob 5`, the bytes, a line break; or `NAME missing`. */
function* contentsIn(printed: string): Generator<Buffer | undefined, undefined> {
  for (let at = 0; at < printed.length; ) {
    const end = printed.indexOf('\n', at);
    const [, kind, size] = /^[0-9a-f]+ (\w+) ([0-9]+)$/.exec(printed.slice(at, end)) ?? [];
    at = end + 1;
    if (size === undefined) {
      yield undefined;
      continue;
    }
    yield kind === 'blob' ? Buffer.from(printed.slice(at, at + Number(size)), 'latin1') : undefined;
    at += Number(size) + 1;
  }
}

/** The folder that holds `.git`, and a project's path below it (`services/shop`, `` at the top); undefined outside of a repository. */
export function placeInRepository(root: string): { top: string; path: string } | undefined {
  const real = realpathSync(root);
  const top = repositoryAround(real);
  return top === undefined ? undefined : { top, path: relative(top, real).replaceAll(sep, '/') };
}

/** The objects of some paths in the last commit; undefined where there is no git. */
function committedFiles(top: string, paths: readonly string[]): Map<string, string> | undefined {
  // 1 without output if nothing was committed yet.
  const head = git(top, ['rev-parse', '--quiet', '--verify', 'HEAD'], [0, 1]);
  if (!head) return head === undefined ? undefined : new Map();
  const words = ['--literal-pathspecs', 'ls-tree', '-z', '--full-tree', 'HEAD', '--', ...paths];
  const entries = paths.length > 0 ? (git(top, words, [0])?.split('\0') ?? []) : [];
  // `100644 blob 1234abcd<tab>path`
  return new Map(entries.map((entry) => [entry.slice(entry.indexOf('\t') + 1), entry.split(/[ \t]/)[2] ?? '']));
}

/** Whether a file is the git object of this name, as it is or with the line ends that git stores. */
function isObject(path: string, name: string | undefined): boolean {
  const algorithm = name?.length === 64 ? 'sha256' : 'sha1';
  const nameOf = (bytes: Buffer) => createHash(algorithm).update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const bytes = readFileSync(path);
  const stored = Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
  return nameOf(bytes) === name || nameOf(stored) === name;
}

/**
 * What git prints, asked in the folder that holds `.git`.
 * @param codes those with which it has answered
 * @returns undefined where there is no git
 * @throws UserError (internal) when git refuses, or does not end
 */
function git(
  top: string,
  words: readonly string[],
  codes: readonly number[],
  input = '',
  encoding: BufferEncoding = 'utf8',
): string | undefined {
  const args = ['-C', top, '--no-optional-locks', ...SETTINGS.flatMap((each) => ['-c', each])];
  const kept = Object.fromEntries(KEPT.map((name) => [name, process.env[name]]));
  const env = { ...kept, PATH: safePath(process.env.PATH ?? '', top), ...FIXED };
  // A .gitignore may be a FIFO, which git waits for.
  const limit = { timeout: 20_000, killSignal: 'SIGKILL', maxBuffer: 64 << 20 } as const;
  // Loaded here: few runs merge, and every verb loads this file.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout, stderr, error } = asRunner((ids) =>
    spawnSync('git', [...args, ...words], { encoding, env, input, ...limit, ...ids }),
  );
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
  if (status !== null && codes.includes(status)) return stdout;
  // It may end before it has read its input, which is an error of its own.
  const why = reasonIn(stderr ?? '') || error?.message || `it ended with ${status}`;
  throw new UserError(
    `${top}: git cannot tell what it has committed (${why}); ${adviceOn(why, top)}, or use --allow-dirty`,
    EXIT.internal,
  );
}

/** The line that says why git gave up; what it warns of comes before, and a list may follow. */
function reasonIn(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const at = Math.max(
    0,
    lines.findIndex((line) => /^(fatal|error): /.test(line)),
  );
  const [line = '', next = ''] = lines.slice(at);
  return line.endsWith(':') ? `${line} ${next}` : line;
}

function adviceOn(why: string, top: string): string {
  if (/unknown (option|switch)/i.test(why)) return 'update git to 2.15 or newer';
  if (/dubious ownership/.test(why))
    return `give it to one user with chown -R, or say that you trust it: git config --global --add safe.directory ${shell(top)}`;
  return 'fix that';
}

/** The nearest folder that holds a repository; starting git for nothing would take longer than an upgrade. */
function repositoryAround(folder: string): string | undefined {
  const found = join(folder, '.git');
  // A worktree or a submodule has a file there.
  if (lstat(found)?.isFile() || existsSync(join(found, 'HEAD'))) return folder;
  return dirname(folder) === folder ? undefined : repositoryAround(dirname(folder));
}
