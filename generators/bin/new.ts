import fs from 'fs-extra';
import { parseAnswers } from '../lib/answers/answers-file.ts';
import { answersFromFlags } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { fields } from '../lib/model/fields.ts';
import type { Intent } from '../lib/model/intent.ts';
import { newProject } from '../lib/new-project.ts';
import { parseCommandLine } from './command-line.ts';
import { summary } from './summary.ts';

/** `makina-image new [NAME] [flags]` */
export async function runNew(args: string[]): Promise<void> {
  const valued = fields.filter(({ kind }) => kind !== 'boolean').map(({ flag }) => flag);
  const booleans = fields.filter(({ kind }) => kind === 'boolean').map(({ flag }) => flag);
  const { flags, words } = parseCommandLine(
    'new',
    args,
    [...valued, 'answers', 'destination'],
    [...booleans, 'yes', 'force', 'help'],
  );
  if (flags.help) return (await import('./help.ts')).printNewHelp();
  if (words.length > 1) throw new UserError(`new takes one name, not ${words.length} words: ${words.join(' ')}`);

  const given = Object.fromEntries(fields.map(({ key, flag }) => [key, flags[flag]]));
  given.name = [...words, ...(given.name ?? [])];
  const mayAsk = process.stdin.isTTY && process.stdout.isTTY && !process.env.CI && !flags.yes;
  const { image, destination, changes } = await newProject({
    cwd: process.cwd(),
    destination: flags.destination?.at(-1) as string | undefined,
    flags: answersFromFlags(given),
    answers: await readAnswers(flags.answers?.at(-1) as string | undefined),
    ask: mayAsk ? (await import('./prompts.ts')).ask : undefined,
    force: flags.force?.at(-1) === true,
  });
  console.log(summary(image, destination, changes));
}

async function readAnswers(path: string | undefined): Promise<Intent> {
  if (path === undefined) return {};
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`the answers file cannot be read: ${(error as Error).message}`);
  }
  return parseAnswers(path, text);
}
