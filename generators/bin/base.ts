import { conflictMode } from '../conflict-mode.ts';
import { DRY_RUN, WRITING } from '../flags.ts';
import { isOn, single } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { baseSummary } from '../lib/output/summary.ts';
import { baseImage } from '../lib/verbs/base.ts';
import { isDryRun, printChange } from './result.ts';
import type { CommandLine, Host, Verb, Wrote } from './verb.ts';

/** `makina-image base DIR [flags]` */
export const base: Verb = {
  words: 'DIR',
  names: 'folder',
  about: 'Writes the folder from which docker build makes the base image, or updates it.',
  flags: [...WRITING, DRY_RUN],
  run,
};

async function run({ flags, words }: CommandLine, host: Host): Promise<Wrote[]> {
  const [folder] = words;
  if (!folder || words.length > 1) throw new UserError('base takes one folder: makina-image base DIR');
  const change = baseImage(
    host.cwd,
    folder,
    { conflict: conflictMode(single(flags, 'conflict')), allowDirty: isOn(flags, 'allow-dirty') },
    isDryRun(flags),
  );
  return printChange(flags, host, change, (reader) => baseSummary(change, reader));
}
