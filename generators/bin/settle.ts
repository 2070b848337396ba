import { tmpdir } from 'node:os';
import { dirname, relative, resolve as resolvePath, sep } from 'node:path';
import { UserError } from '../lib/errors.ts';
import { findProject } from '../lib/project/find.ts';
import { adopt, resolve, restore, type Side } from '../lib/settle.ts';
import { parseCommandLine } from './command-line.ts';
import { print } from './print.ts';

/** `makina-image resolve PATH... --ours|--theirs|--merged` */
export async function runResolve(args: string[]): Promise<void> {
  const sides: Side[] = ['ours', 'theirs', 'merged'];
  const { flags, words } = parseCommandLine('resolve', args, [], [...sides, 'help']);
  if (flags.help) return (await import('./help.ts')).printResolveHelp();
  const [side, ...more] = sides.filter((known) => flags[known]?.at(-1) === true);
  if (!side || more.length > 0) throw new UserError('resolve needs one of --ours, --theirs and --merged');
  eachPath('resolve', words, (root, path) => resolve(root, path, side, tmpdir()));
}

/** `makina-image adopt PATH...` */
export async function runAdopt(args: string[]): Promise<void> {
  const { flags, words } = parseCommandLine('adopt', args, [], ['help']);
  if (flags.help) return (await import('./help.ts')).printAdoptHelp();
  eachPath('adopt', words, (root, path) => adopt(root, path, tmpdir()));
}

/** `makina-image restore PATH...` */
export async function runRestore(args: string[]): Promise<void> {
  const { flags, words } = parseCommandLine('restore', args, [], ['help']);
  if (flags.help) return (await import('./help.ts')).printRestoreHelp();
  eachPath('restore', words, (root, path) => restore(root, path, tmpdir()));
}

function eachPath(verb: string, words: string[], act: (root: string, path: string) => void): void {
  if (words.length === 0) throw new UserError(`${verb} needs the path of a file`);
  for (const word of words) {
    const full = resolvePath(word);
    const root = findProject(dirname(full));
    act(root, relative(root, full).split(sep).join('/'));
    print(`${word}: done`);
  }
}
