import { tmpdir } from 'node:os';
import { conflictMode } from '../conflict-mode.ts';
import { newFlags } from '../flags.ts';
import { readAnswersFile } from '../lib/answers/answers-file.ts';
import { answersFromFlags, isOn, single } from '../lib/answers/flags.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { newProject } from '../lib/new-project.ts';
import { summary } from '../lib/summary.ts';
import { isTerminal } from '../terminal.ts';
import type { CommandLine } from './command-line.ts';
import { print } from './print.ts';
import type { Verb } from './verb.ts';

/** `makina-image new [NAME] [flags]` */
export const newVerb = (): Verb => ({
  words: '[NAME]',
  about: 'A flag wins over the answers file, that over .yo-rc.json, that over the defaults.',
  flags: newFlags(),
  run,
});

async function run({ flags, words }: CommandLine): Promise<void> {
  if (words.length > 1) throw new UserError(`new takes one name, not ${words.length} words: ${words.join(' ')}`);

  const mayAsk = !isOn(flags, 'yes') && !process.env.CI && isTerminal(0, 1);
  const { image, ...written } = await newProject({
    cwd: process.cwd(),
    destination: single(flags, 'destination'),
    flags: answersFromFlags({ ...flags, name: [...words, ...(flags.name ?? [])] }),
    answers: await readAnswersFile(single(flags, 'answers')),
    ask: mayAsk ? (await import('./prompts.ts')).ask : undefined,
    conflict: conflictMode(single(flags, 'conflict')),
    scratch: tmpdir(),
  });
  if (written.conflicts) process.exitCode = EXIT.conflict;
  const baseCommand = process.env.npm_command === 'exec' ? 'npx makina-image base' : 'makina-image base';
  print(summary(image, written, process.cwd(), baseCommand));
}
