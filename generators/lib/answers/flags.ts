import { UserError } from '../errors.ts';
import { type Field, fields } from '../model/fields.ts';
import type { Intent, Problem } from '../model/intent.ts';

/**
 * Turns the words of a command line into answers.
 * @param given per field key the values its flag was given, in order; a boolean's are `true` or `false`
 * @returns the typed answers; a value that cannot be typed stays the text it was, for the model to refuse
 * @throws UserError when a flag that takes one value was given several, or one that takes JSON something else
 */
export function answersFromFlags(given: Readonly<Record<string, readonly (string | boolean)[] | undefined>>): Intent {
  const answers: Intent = {};
  for (const field of fields) {
    const values = given[field.key];
    if (values === undefined || values.length === 0) continue;
    if (field.kind !== 'list' && values.length > 1)
      throw new UserError(`--${field.flag} was given ${values.length} times; give it once`);
    answers[field.key] = field.kind === 'list' ? listFrom(field, values) : typed(field, values[0] as string | boolean);
  }
  return answers;
}

function typed(field: Field, value: string | boolean): unknown {
  if (field.kind === 'integer' && /^-?\d+$/.test(String(value))) return Number(value);
  if (field.kind === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return field.kind === 'dict' ? fromJson(field, String(value)) : value;
}

/** `--packages a --packages b`, or one JSON list. */
function listFrom(field: Field, values: readonly (string | boolean)[]): unknown {
  const [first] = values;
  return values.length === 1 && String(first).startsWith('[') ? fromJson(field, String(first)) : values;
}

function fromJson(field: Field, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    throw new UserError(`--${field.flag} is not valid JSON: ${(error as Error).message}`);
  }
}

/** How the answer to a problem is given: `--base-image`, or for a dict its JSON flag or the answers file. */
function flagFor(problem: Problem): string {
  const field = fields.find(({ key }) => key === problem.path[0]);
  if (!field) return `known fields: ${fields.map(({ key }) => key).join(', ')}`;
  if (field.positional) return `give it as the first word, or with --${field.flag}`;
  return field.kind === 'dict'
    ? `set it in an --answers file, or with --${field.flag} JSON`
    : `set it with --${field.flag}`;
}

/** One error that lists all that is wrong with the answers, each with the flag that would answer it. */
export function problemsError(problems: readonly Problem[]): UserError {
  const lines = problems.map((problem) => `  ${problem.path.join('.')} ${problem.message}; ${flagFor(problem)}`);
  return new UserError(`the answers cannot be used, nothing was written:\n${lines.join('\n')}`);
}
