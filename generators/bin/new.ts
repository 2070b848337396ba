import { tmpdir } from 'node:os';
import { conflictMode } from '../conflict-mode.ts';
import { readAnswersFile } from '../lib/answers/answers-file.ts';
import { answersFromFlags, single } from '../lib/answers/flags.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { fields } from '../lib/model/fields.ts';
import { newProject } from '../lib/new-project.ts';
import { summary } from '../lib/summary.ts';
import { isTerminal } from '../terminal.ts';
import { parseCommandLine } from './command-line.ts';
import { print } from './print.ts';

/** `makina-image new [NAME] [flags]` */
export async function runNew(args: string[]): Promise<void> {
  const valued = fields.filter(({ kind }) => kind !== 'boolean').map(({ flag }) => flag);
  const booleans = fields.filter(({ kind }) => kind === 'boolean').map(({ flag }) => flag);
  const { flags, words } = parseCommandLine(
    'new',
    args,
    [...valued, 'answers', 'destination', 'conflict'],
    [...booleans, 'yes', 'help'],
  );
  if (flags.help) return (await import('./help.ts')).printNewHelp();
  if (words.length > 1) throw new UserError(`new takes one name, not ${words.length} words: ${words.join(' ')}`);

  const mayAsk = !flags.yes && !process.env.CI && isTerminal(0, 1);
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
