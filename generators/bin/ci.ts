import { tmpdir } from 'node:os';
import { conflictMode } from '../conflict-mode.ts';
import { DRY_RUN, WRITING } from '../flags.ts';
import { isOn, single } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { newProject } from '../lib/new-project.ts';
import { findProject } from '../lib/project/find.ts';
import { readYoRc } from '../lib/project/project.ts';
import { summary } from '../lib/summary.ts';
import type { CommandLine } from './command-line.ts';
import { isDryRun, tell, tellWritten } from './tell.ts';
import type { Verb } from './verb.ts';

/** `makina-image ci github|gitlab` */
export const ci: Verb = {
  words: 'github|gitlab...',
  choices: ['github', 'gitlab'],
  about: 'Adds the files with which CI checks this project weekly and opens a merge request for what is new.',
  flags: [...WRITING, DRY_RUN],
  run,
};

/** What only a person can set there. */
const NEEDS: Record<string, string> = {
  github: 'GitHub: allow Actions to create pull requests (Settings, Actions, General).',
  gitlab:
    'GitLab: include .gitlab/makina-image.yml, and set a weekly schedule and MAKINA_IMAGE_TOKEN, a project access token that may write to the repository.',
};

async function run({ flags, words }: CommandLine): Promise<void> {
  const root = findProject(process.cwd());
  const { intent } = readYoRc(root);
  if (!intent)
    throw new UserError(`${root} is no project of this generator; go to one, or start one with makina-image new`);
  if (words.length === 0) throw new UserError('ci needs to know where: makina-image ci github, or gitlab');
  const unknown = words.find((word) => !Object.hasOwn(NEEDS, word));
  if (unknown) throw new UserError(`ci does not know ${unknown}; it takes github and gitlab`);
  const { image, ...written } = await newProject({
    cwd: root,
    flags: { ci: [...new Set([...((intent.ci as string[] | undefined) ?? []), ...words])] },
    answers: {},
    conflict: conflictMode(single(flags, 'conflict')),
    allowDirty: isOn(flags, 'allow-dirty'),
    scratch: tmpdir(),
    dryRun: isDryRun(flags),
  });
  await tellWritten(flags, written, (reader) => summary(image, written, reader));
  if (!isDryRun(flags)) for (const kind of new Set(words)) tell(flags, NEEDS[kind] as string);
}
