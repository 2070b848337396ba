import { dirname, relative, resolve as resolvePath, sep } from 'node:path';
import { DRY_RUN } from '../flags.ts';
import { type Flag, type FlagValues, isOn } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { colourDiff, diffText } from '../lib/output/diff.ts';
import type { FileChange } from '../lib/plan/changes.ts';
import { findProject } from '../lib/project/find.ts';
import * as conflict from '../lib/verbs/conflict.ts';
import { styleOf } from '../terminal.ts';
import { print } from './print.ts';
import { isDryRun, printResult } from './result.ts';
import type { Verb, Wrote } from './verb.ts';

const SIDES: Flag[] = [
  { flag: 'merged', description: 'keep the file as it is now, after you merged it' },
  { flag: 'ours', description: 'keep your version' },
  { flag: 'theirs', description: 'take the version of the new template' },
];

/** `makina-image resolve PATH... --ours|--theirs|--merged` */
export const resolve: Verb = {
  words: 'PATH... --merged|--ours|--theirs',
  names: 'file',
  about: 'Resolves the conflict of a file. The next upgrade starts from the version of the new template.',
  flags: [...SIDES, DRY_RUN],
  run: async ({ flags, words }, { cwd }) => {
    const [side, ...more] = SIDES.map(({ flag }) => flag as conflict.Side).filter((known) => isOn(flags, known));
    if (!side || more.length > 0)
      throw new UserError(
        'resolve needs one of --ours, --theirs and --merged: your version, the new template, or the file as it is now',
      );
    return eachPath('resolve', words, flags, cwd, (root, path, options) => conflict.resolve(root, path, side, options));
  },
};

/** `makina-image adopt PATH...` */
export const adopt: Verb = {
  words: 'PATH...',
  names: 'file',
  about: 'Takes over a file: no upgrade reads or changes it any more. To undo this, use restore.',
  flags: [DRY_RUN],
  run: ({ words, flags }, { cwd }) => eachPath('adopt', words, flags, cwd, conflict.adopt),
};

/** `makina-image restore PATH...` */
export const restore: Verb = {
  words: 'PATH...',
  names: 'file',
  about: 'Brings back a file that you deleted, or updates a file again that you adopted.',
  flags: [DRY_RUN],
  run: ({ words, flags }, { cwd }) => eachPath('restore', words, flags, cwd, conflict.restore),
};

async function eachPath(
  verb: string,
  words: string[],
  flags: FlagValues,
  cwd: string,
  act: (root: string, path: string, options: conflict.ConflictOptions) => FileChange[],
): Promise<Wrote[]> {
  if (words.length === 0) throw new UserError(`${verb} needs the path of a file: makina-image ${verb} PATH`);
  const dryRun = isDryRun(flags);
  const wrote: Wrote[] = [];
  for (const word of words) {
    const full = resolvePath(cwd, word);
    const root = findProject(dirname(full));
    const changes = act(root, relative(root, full).split(sep).join('/'), { dryRun });
    if (!dryRun) {
      wrote.push({ root, paths: changes.map(({ path }) => path) });
      printResult(flags, `${word}: done`);
    } else {
      print(`${word}: ${verb} would be done\n${colourDiff(diffText(changes), styleOf(1))}`.trimEnd());
    }
  }
  return wrote;
}
