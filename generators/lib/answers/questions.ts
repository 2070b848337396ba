import type { Field } from '../model/fields.ts';
import { complete } from '../model/intent.ts';

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

function problemOf(key: string, answer: unknown): string | undefined {
  const { problems = [] } = complete({ name: 'demo', [key]: answer });
  return problems.map(({ path, message }) => `${path.join('.')} ${message}`).join(', ') || undefined;
}
