import { answered, questions } from '../lib/answers/questions.ts';
import type { Field } from '../lib/model/fields.ts';
import type { Intent } from '../lib/model/intent.ts';

/** Asks on the terminal. */
export async function ask(open: readonly Field[]): Promise<Intent> {
  // An ES module: the bundle cannot load it in any other way.
  const { default: inquirer } = await import('inquirer');
  return answered(inquirer.prompt(questions(open) as Parameters<typeof inquirer.prompt>[0]));
}
