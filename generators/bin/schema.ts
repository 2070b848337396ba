import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../lib/errors.ts';
import { packageRoot } from '../lib/package.ts';
import { renderTemplate } from '../lib/render/template.ts';
import { print } from './print.ts';
import type { Verb } from './verb.ts';

const KINDS = ['answers', 'pillar', 'test', 'report', 'doctor'];

/** `makina-image schema answers|pillar|test|report|doctor` */
export const schema: Verb = {
  words: KINDS.join('|'),
  choices: KINDS,
  about:
    'Prints a JSON Schema: of an answers file, of data/configuration/pillar.sls (pillar) or of test.yaml (test), so that an editor completes and checks it; or of what check, diff and upgrade (report), or doctor, print with --json.',
  flags: [],
  run: ({ words: [kind = '', ...more] }) => {
    if (!KINDS.includes(kind) || more.length > 0)
      throw new UserError('schema takes one word: makina-image schema answers, pillar, test, report or doctor');
    // The launcher of an image checks an override with it.
    const text = kind === 'pillar' ? renderTemplate('runtime/pillar.schema.json', {}) : published(kind);
    print(text.trimEnd());
  },
};

const published = (kind: string) => readFileSync(join(packageRoot, `docs/${kind}.schema.json`), 'utf8');
