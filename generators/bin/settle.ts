import { tmpdir } from 'node:os';
import { dirname, relative, resolve as resolvePath, sep } from 'node:path';
import { type Flag, isOn } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { findProject } from '../lib/project/find.ts';
import { adopt as adopted, restore as restored, type Side, resolve as settled } from '../lib/settle.ts';
import { print } from './print.ts';
import type { Verb } from './verb.ts';

const SIDES: Flag[] = [
  { flag: 'merged', description: 'the file is as you want it now' },
  { flag: 'ours', description: 'your side' },
  { flag: 'theirs', description: "the templates' side" },
];

/** `makina-image resolve PATH... --ours|--theirs|--merged` */
export const resolve: Verb = {
  words: 'PATH... --merged|--ours|--theirs',
  names: 'file',
  about: 'Settles the conflict of a file. The next upgrade starts from what the templates say now.',
  flags: SIDES,
  run: ({ flags, words }) => {
    const [side, ...more] = SIDES.map(({ flag }) => flag as Side).filter((known) => isOn(flags, known));
    if (!side || more.length > 0) throw new UserError('resolve needs one of --ours, --theirs and --merged');
    eachPath('resolve', words, (root, path) => settled(root, path, side, tmpdir()));
  },
};

/** `makina-image adopt PATH...` */
export const adopt: Verb = {
  words: 'PATH...',
  names: 'file',
  about: 'The file is yours from now on: no upgrade looks at it again. restore undoes that.',
  flags: [],
  run: ({ words }) => eachPath('adopt', words, (root, path) => adopted(root, path, tmpdir())),
};

/** `makina-image restore PATH...` */
export const restore: Verb = {
  words: 'PATH...',
  names: 'file',
  about: 'Brings back a file that you deleted, or keeps one up to date again that you adopted.',
  flags: [],
  run: ({ words }) => eachPath('restore', words, (root, path) => restored(root, path, tmpdir())),
};

function eachPath(verb: string, words: string[], act: (root: string, path: string) => void): void {
  if (words.length === 0) throw new UserError(`${verb} needs the path of a file`);
  for (const word of words) {
    const full = resolvePath(word);
    const root = findProject(dirname(full));
    act(root, relative(root, full).split(sep).join('/'));
    print(`${word}: done`);
  }
}
