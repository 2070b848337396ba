import type Generator from 'yeoman-generator';
import { type Output, write } from '../bin/print.ts';
import type { Host } from '../bin/verb.ts';
import { answered, confirmation, insistence, questions, stackQuestion } from '../lib/output/questions.ts';
import { shown } from '../lib/text/shown.ts';
import { isCi, styleOf } from '../terminal.ts';

/** Yeoman's adapter where it is a terminal, such as that of `yo`: it has streams. */
interface Terminal {
  stdin?: { isTTY?: boolean };
  stdout: NodeJS.WriteStream;
}

/** The terminal behind an adapter; undefined for a test's or an editor's. */
export function terminalOf(adapter: unknown): Terminal | undefined {
  // The adapter of an environment queues what it hands to another one.
  const { actualAdapter = adapter } = adapter as { actualAdapter?: unknown };
  return (actualAdapter as Partial<Terminal>).stdout ? (actualAdapter as Terminal) : undefined;
}

/** A verb's host under Yeoman. */
export function hostOf(generator: Generator): Host {
  const prompt = <T>(asked: unknown) => answered(generator.prompt(asked as never) as Promise<T>);
  return {
    cwd: generator.destinationRoot(),
    command: process.env.npm_command === 'exec' ? 'npx --no makina-image' : 'makina-image',
    prompts: async () => {
      if (!canAsk(generator.env.adapter)) return undefined;
      return {
        ask: (open) => prompt(questions(open)),
        askStack: async (stacks, likely) => (await prompt<{ stack: string }>([stackQuestion(stacks, likely)])).stack,
        confirm: async (planned) => {
          const { intro, question } = confirmation(planned, styleOf(2));
          generator.log(shown(intro, styleOf(2)));
          return (await prompt<{ go: boolean }>([question])).go;
        },
        insist: async (question) => (await prompt<{ go: boolean }>([insistence(shown(question))])).go,
      };
    },
  };
}

/** An adapter that is not a terminal asks in its own way. */
function canAsk(adapter: unknown): boolean {
  const terminal = terminalOf(adapter);
  return !terminal || (!isCi() && terminal.stdin?.isTTY === true && terminal.stdout.isTTY);
}

/** Prints to the adapter; what is for other programs goes to the terminal's standard output. */
export function outputOf({ env, log }: Generator): Output {
  const stdout = terminalOf(env.adapter)?.stdout;
  const printLine = (text: string) => void log(text);
  const print = (text: string) => (stdout === process.stdout ? write(1, text) : stdout?.write(text));
  const printAsIs = (text: string) => text !== '' && printLine(text.replace(/\n$/, ''));
  return { write: stdout ? print : printAsIs, printDone: printLine, printError: printLine, style: () => styleOf(2) };
}
