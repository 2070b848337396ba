import { EXIT, UserError } from '../errors.ts';
import type { Field } from '../model/fields.ts';
import { complete } from '../model/intent.ts';
import type { Stack } from '../stacks/stack.ts';
import type { Change } from '../verbs/change.ts';
import type { Style } from './style.ts';
import { tree } from './tree.ts';

/**
 * Waits for the answers to a prompt.
 * @throws UserError (interrupted) when the person at the keyboard gave up
 */
export async function answered<T>(prompt: Promise<T>): Promise<T> {
  try {
    return await prompt;
  } catch (error) {
    if ((error as Error).name !== 'ExitPromptError') throw error;
    throw new UserError('stopped at a question, nothing was written', EXIT.interrupted);
  }
}

/** The prompts of some fields, in the shape that inquirer and Yeoman share; an answer is checked as it is typed. */
export function questions(open: readonly Field[]) {
  return open.map((field) => ({
    type: field.kind === 'boolean' ? 'confirm' : 'input',
    name: field.key,
    message: `${field.prompt}?`,
    default: field.default,
    validate: (answer: unknown) => problemOf(field.key, answer) ?? true,
  }));
}

/** The question for a stack; the answer is called `stack`. @param likely the default */
export function stackQuestion(stacks: readonly Stack[], likely: string) {
  const width = Math.max(...stacks.map(({ name }) => name.length));
  return {
    type: 'select',
    name: 'stack',
    message: 'What do you start with?',
    default: likely,
    choices: stacks.map(({ name, description }) => ({
      name: `${name.padEnd(width)}  ${description}`,
      value: name,
      short: name,
    })),
  };
}

function problemOf(key: string, answer: unknown): string | undefined {
  const { problems = [] } = complete({ name: 'demo', [key]: answer });
  return problems.map(({ path, message }) => `${path.join('.')} ${message}`).join(', ') || undefined;
}

/** What to show before anything is written, and the question whether to write it; the answer is called `go`. */
export function confirmation({ project, plan }: Change, style: Style) {
  return {
    intro: `\n${project.root}:\n\n${tree(plan, style)}\n`,
    question: { type: 'confirm', name: 'go', message: 'Write this?', default: true },
  };
}

/** A question whose default is no; the answer is called `go`. */
export function insistence(question: string) {
  return { type: 'confirm', name: 'go', message: `${question}?`, default: false };
}
