import { tmpdir } from 'node:os';
import { conflictMode } from '../conflict-mode.ts';
import { CONFLICT, DRY_RUN } from '../flags.ts';
import { single } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { newProject } from '../lib/new-project.ts';
import { readYoRc } from '../lib/project/project.ts';
import { summary } from '../lib/summary.ts';
import type { CommandLine } from './command-line.ts';
import { isDryRun, tellWritten } from './tell.ts';
import type { Verb } from './verb.ts';

/** `makina-image ci github|gitlab` */
export const ci: Verb = {
  words: 'github|gitlab...',
  choices: ['github', 'gitlab'],
  about: 'Adds the files with which CI checks this project weekly and opens a merge request for what is new.',
  flags: [CONFLICT, DRY_RUN],
  run,
};

async function run({ flags, words }: CommandLine): Promise<void> {
  const { intent } = readYoRc(process.cwd());
  if (!intent)
    throw new UserError(
      `${process.cwd()} is no project of this generator; go to one, or start one with makina-image new`,
    );
  if (words.length === 0) throw new UserError('ci needs to know where: makina-image ci github, or gitlab');
  const { image, ...written } = await newProject({
    cwd: process.cwd(),
    flags: { ci: [...new Set([...((intent.ci as string[] | undefined) ?? []), ...words])] },
    answers: {},
    conflict: conflictMode(single(flags, 'conflict')),
    scratch: tmpdir(),
    dryRun: isDryRun(flags),
  });
  await tellWritten(flags, written, (reader) => summary(image, written, reader));
}
