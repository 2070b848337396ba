import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { UserError } from '../lib/errors.ts';
import { errorReport, type Report, worst } from '../lib/output/report.ts';
import { projectAround, projectsInRepository } from '../lib/project/find.ts';
import { isFolder } from '../lib/system/files.ts';
import { shown } from '../lib/text/shown.ts';
import { isTerminal } from '../terminal.ts';
import { isExpected, sentence } from './errors.ts';
import { printError } from './print.ts';

const MAGIC = /[\\*?[\]{}()!+@|]/;

/**
 * The folders that the words of a command line name: folders, glob patterns, and `-` for a list on standard input, one a
 * line. Without words, the project around `cwd`.
 * @param cwd the folder that they start from
 */
export async function folders(words: readonly string[], cwd: string): Promise<string[]> {
  if (words.length === 0) return [projectHere(cwd)];
  // Loading it takes a fifth of a run without a pattern.
  const glob = words.some((word) => MAGIC.test(word)) ? await import('tinyglobby') : undefined;
  const found = words.flatMap((word) => {
    if (word === '-')
      return readFileSync(0, 'utf8')
        .split(/\r?\n|\0/)
        .filter(Boolean);
    if (!glob || isFolder(resolve(cwd, word)) || !MAGIC.test(word)) return [word];
    return matching(glob.globSync, word, cwd);
  });
  if (found.length === 0)
    throw new UserError(`there is no project at ${words.join(' ')}; name a folder that makina-image new wrote`);
  return [...new Set(found.map((folder) => resolve(cwd, folder)))];
}

/** The same for a verb that writes nothing: without a word, in a repository of several projects, it looks at all of them. */
export async function foldersToRead(words: readonly string[], cwd: string): Promise<string[]> {
  const below = words.length === 0 && projectAround(cwd) === undefined ? projectsInRepository(cwd) : [];
  return below.length > 0 ? below : folders(words, cwd);
}

/** The project around a folder, or the folder itself if there is none. */
export function projectHere(cwd: string): string {
  return projectAround(cwd) ?? cwd;
}

/** The folders that a pattern names; looks into no folder that is deeper than they are. */
function matching(globSync: typeof import('tinyglobby').globSync, pattern: string, here: string): string[] {
  const names = pattern.split('/');
  // A folder may be named `images (old)`: what exists is not a pattern.
  const fixed = names.findIndex(
    (name, index) => MAGIC.test(name) && !isFolder(resolve(here, names.slice(0, index + 1).join('/'))),
  );
  const cwd = resolve(here, names.slice(0, fixed).join('/') || (fixed === 0 ? '.' : '/'));
  const rest = names.slice(fixed).join('/');
  const deep = /\*\*|[*+]\(/.test(rest) ? undefined : names.length - fixed - 1;
  const options = { cwd, deep, onlyDirectories: true, dot: true, expandDirectories: false };
  const found = globSync(rest, options).sort();
  return found.map((folder) => join(cwd, folder));
}

/**
 * Does the same to each project, one at a time: a failure in one does not stop the others.
 * @param print prints the report of one
 * @param isVerbose prints where an error comes from
 * @returns the worst exit code
 */
export async function eachProject(
  roots: readonly string[],
  act: (root: string) => Report,
  print: (report: Report) => void,
  isVerbose: boolean,
): Promise<number> {
  const exits: number[] = [];
  const showsProgress = roots.length > 1 && isTerminal(2);
  for (const [index, root] of roots.entries()) {
    if (showsProgress) process.stderr.write(`\r\x1b[K${index + 1}/${roots.length} ${shown(root)}`);
    let report: Report;
    let stack: string | undefined;
    try {
      report = act(root);
    } catch (error) {
      if (!isExpected(error)) throw error;
      stack = error.stack;
      report = errorReport(root, sentence(error));
    }
    if (showsProgress) process.stderr.write('\r\x1b[K');
    print(report);
    if (isVerbose && stack) printError(stack);
    exits.push(report.exit);
    if (!report.written) continue;
    // A signal that came while files were written takes effect two turns later, and ends the run here.
    await setImmediate();
    await setImmediate();
  }
  return worst(exits);
}
