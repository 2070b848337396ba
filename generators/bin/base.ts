import { conflictMode } from '../conflict-mode.ts';
import { CONFLICT } from '../flags.ts';
import { single } from '../lib/answers/flags.ts';
import { baseImage } from '../lib/base-image.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { baseSummary } from '../lib/summary.ts';
import type { CommandLine } from './command-line.ts';
import { print } from './print.ts';
import type { Verb } from './verb.ts';

/** `makina-image base DIR [flags]` */
export const base: Verb = {
  words: 'DIR',
  names: 'folder',
  about: 'Writes the folder with which docker build makes the base image, or brings it up to date.',
  flags: [CONFLICT],
  run,
};

function run({ flags, words }: CommandLine): void {
  const [folder] = words;
  if (!folder || words.length > 1) throw new UserError('base takes one folder: makina-image base DIR');
  const written = baseImage(process.cwd(), folder, conflictMode(single(flags, 'conflict')));
  if (written.conflicts) process.exitCode = EXIT.conflict;
  print(baseSummary(written, process.cwd()));
}
