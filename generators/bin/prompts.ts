import type { Field } from '../lib/model/fields.ts';
import type { Intent } from '../lib/model/intent.ts';
import { answered, confirmation, insistence, questions, stackQuestion } from '../lib/output/questions.ts';
import type { Stack } from '../lib/stacks/stack.ts';
import { shown } from '../lib/text/shown.ts';
import type { Change } from '../lib/verbs/change.ts';
import { styleOf } from '../terminal.ts';
import { print } from './print.ts';

/** Asks on the terminal. */
export async function ask(open: readonly Field[]): Promise<Intent> {
  // An ES module: the bundle cannot load it in any other way.
  const { default: inquirer } = await import('inquirer');
  return answered(inquirer.prompt(questions(open) as Parameters<typeof inquirer.prompt>[0]));
}

/** Asks for one of the stacks. @param likely the default */
export async function askStack(stacks: readonly Stack[], likely: string): Promise<string> {
  const { default: inquirer } = await import('inquirer');
  const question = stackQuestion(stacks, likely);
  return (await answered(inquirer.prompt([question] as Parameters<typeof inquirer.prompt>[0]))).stack;
}

/** Shows what is to be written; returns whether to go on. */
export async function confirm(planned: Change): Promise<boolean> {
  const { default: inquirer } = await import('inquirer');
  const { intro, question } = confirmation(planned, styleOf(1));
  print(intro);
  return (await answered(inquirer.prompt([question] as Parameters<typeof inquirer.prompt>[0]))).go;
}

/** Asks a question whose default is no. */
export async function insist(question: string): Promise<boolean> {
  const { default: inquirer } = await import('inquirer');
  return (await answered(inquirer.prompt([insistence(shown(question))] as Parameters<typeof inquirer.prompt>[0]))).go;
}
