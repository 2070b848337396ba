// Commands in the same surroundings: a home of their own, no terminal, the same time zone and language.
import { spawnSync } from 'node:child_process';

let home = '/nonexistent';
export const setHome = (folder) => {
  home = folder;
};

export function environment(more = {}) {
  const { PATH } = process.env;
  const who = { NAME: 'bench', EMAIL: 'bench@example.com' };
  const git = Object.entries(who).flatMap(([key, value]) => [
    [`GIT_AUTHOR_${key}`, value],
    [`GIT_COMMITTER_${key}`, value],
  ]);
  return { PATH, HOME: home, CI: '1', LC_ALL: 'C.UTF-8', ...Object.fromEntries(git), ...more };
}

/** Runs a command and returns its exit code and all that it printed. */
export function run([file, ...args], { cwd, env, input } = {}) {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd,
    env: environment(env),
    input: input ?? '',
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  return { status, output: stdout + stderr, stdout };
}

/** Runs a command that has to succeed. */
export function must(command, options) {
  const result = run(command, options);
  if (result.status !== 0) throw new Error(`${command.join(' ')} ended with ${result.status}: ${result.output}`);
  return result;
}

export function commitAll(cwd, message) {
  must(['git', 'add', '-A'], { cwd });
  must(['git', 'commit', '-q', '--allow-empty', '-m', message], { cwd });
}

export function makeRepository(cwd, message) {
  must(['git', 'init', '-q', '-b', 'main'], { cwd });
  commitAll(cwd, message);
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
