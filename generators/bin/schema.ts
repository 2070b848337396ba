import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../lib/errors.ts';
import { packageRoot } from '../lib/package.ts';
import { print } from './print.ts';
import type { Verb } from './verb.ts';

const KINDS = ['answers', 'report', 'doctor'];

/** `makina-image schema answers|report|doctor` */
export const schema: Verb = {
  words: KINDS.join('|'),
  choices: KINDS,
  about:
    'Prints the JSON Schema of an answers file, with which an editor completes and checks it, or of what check, diff and upgrade, or doctor, print with --json.',
  flags: [],
  run: ({ words: [kind = '', ...more] }) => {
    if (!KINDS.includes(kind) || more.length > 0)
      throw new UserError('schema takes one word: makina-image schema answers, report or doctor');
    print(readFileSync(join(packageRoot, `docs/${kind}.schema.json`), 'utf8').trimEnd());
  },
};
