import { tmpdir } from 'node:os';
import { conflictMode } from '../conflict-mode.ts';
import { single } from '../lib/answers/flags.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { newProject } from '../lib/new-project.ts';
import { readYoRc } from '../lib/project/project.ts';
import { summary } from '../lib/summary.ts';
import { parseCommandLine } from './command-line.ts';
import { print } from './print.ts';

/** `makina-image ci github|gitlab`: adds the files that keep a project up to date from CI. */
export async function runCi(args: string[]): Promise<void> {
  const { flags, words } = parseCommandLine('ci', args, ['conflict'], ['help']);
  if (flags.help) return (await import('./help.ts')).printCiHelp();
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
  });
  if (written.conflicts) process.exitCode = EXIT.conflict;
  print(summary(image, written, process.cwd(), 'makina-image base'));
}
