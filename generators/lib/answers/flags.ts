import { UserError } from '../errors.ts';
import { type Field, fields } from '../model/fields.ts';
import type { Intent } from '../model/intent.ts';
import type { Problem } from '../model/problem.ts';

/** A flag of a verb, as both fronts declare it. */
export interface Flag {
  /** As typed, `base-image`. */
  flag: string;
  /** What is typed after it, `TEXT` or `KEY=VALUE ...`; a switch has none. */
  value?: string;
  description: string;
  /** The values that it takes, if they are a fixed list. */
  choices?: readonly string[];
  /** What its value names on the disk. */
  names?: 'file' | 'folder';
  /** A switch that is on unless `--no-…` is given, or that the answers may turn on. */
  hasNo?: boolean;
}

const TYPED = { string: 'TEXT', integer: 'NUMBER', boolean: 'true|false' };

/** The flag of a field. */
export function flagOf({ flag, kind, items, description, choices }: Field): Flag {
  const common = { flag, description, ...(choices && { choices }) };
  if (kind === 'boolean') return { ...common, hasNo: true };
  if (kind === 'string' || kind === 'integer') return { ...common, value: TYPED[kind] };
  if (items === undefined || kind === 'json') return { ...common, value: 'JSON' };
  return { ...common, value: `${kind === 'list' ? TYPED[items] : 'KEY=VALUE'} ...` };
}

/** The values that flags were given, in order, by flag (`base-image`); a boolean's are `true` or `false`. */
export type FlagValues = Readonly<Record<string, readonly (string | boolean)[] | undefined>>;

/**
 * Turns the words of a command line into answers.
 * @param known the fields that have a flag; other flags are ignored
 * @returns the typed answers; a value that cannot be typed stays the text it was, for the model to refuse
 * @throws UserError when a flag that takes one value was given several, or one that takes JSON something else
 */
export function answersFromFlags(given: FlagValues, known: readonly Field[] = fields): Intent {
  const answers: [string, unknown][] = [];
  for (const field of known) {
    const values = given[field.flag];
    if (values === undefined || values.length === 0) continue;
    if (field.items === undefined && values.length > 1) throw givenTwice(field.flag, values.length);
    answers.push([
      field.key,
      field.items === undefined ? typed(field, values[0]) : collected(field, values.map(String)),
    ]);
  }
  return Object.fromEntries(answers);
}

/**
 * The value of a flag that is given at most once, and not empty.
 * @throws UserError otherwise
 */
export function single(flags: FlagValues, flag: string): string | undefined {
  const values = flags[flag] ?? [];
  if (values.length > 1) throw givenTwice(flag, values.length);
  if (values[0] === '') throw new UserError(`--${flag} is empty; write --${flag}=VALUE`);
  return values[0] as string | undefined;
}

/** Whether a switch was given, and is on. */
export function isOn(flags: FlagValues, flag: string): boolean {
  return flags[flag]?.at(-1) === true;
}

function givenTwice(flag: string, times: number): UserError {
  return new UserError(`--${flag} was given ${times} times; give it once`);
}

function typed({ flag, kind }: Pick<Field, 'flag' | 'kind'>, value: unknown): unknown {
  // The model refuses 08080 and 80.0: as numbers they would be printed in another way.
  if (kind === 'integer' && /^(0|-?[1-9]\d*)$/.test(String(value))) return Number(value);
  if (kind === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return kind === 'list' || kind === 'dict' || kind === 'json' ? fromJson(flag, String(value)) : value;
}

/** `--packages a --packages b`, `--env A=1 --env B=2`, or all of it as one JSON value. */
function collected({ flag, kind, items }: Field, values: readonly string[]): unknown {
  const [first = ''] = values;
  if (values.length === 1 && first.startsWith(kind === 'list' ? '[' : '{')) return fromJson(flag, first);
  const item = { flag, kind: items as Field['kind'] };
  if (kind === 'list') return values.map((value) => typed(item, value));
  return Object.fromEntries(
    values.map((value) => {
      const at = value.indexOf('=');
      if (at < 1)
        throw new UserError(
          `--${flag} takes KEY=VALUE, not "${value}"; write --${flag} KEY=VALUE, or one JSON mapping`,
        );
      return [value.slice(0, at), typed(item, value.slice(at + 1))];
    }),
  );
}

function fromJson(flag: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    throw new UserError(
      `--${flag} is not valid JSON (${(error as Error).message}); correct it, and put single quotes around it for the shell`,
    );
  }
}

/** How to fix a problem of the answers of `new`: with `--base-image`, or for a dict with its JSON flag or the answers file. */
export function flagFor(problem: Problem): string {
  const field = fields.find(({ key }) => key === problem.path[0]);
  if (!field) return 'correct it in your answers';
  if (field.positional) return `give it as the first word, or with --${field.flag}`;
  return field.kind === 'dict' || field.kind === 'json'
    ? `set it in an --answers file, or with --${field.flag} JSON`
    : `set it with --${field.flag}`;
}

/**
 * One error that lists all problems of the answers, each with the flag that fixes it.
 * @param flagOf finds that flag, for a verb with other flags than `new`
 */
export function problemsError(problems: readonly Problem[], flagOf: (problem: Problem) => string = flagFor): UserError {
  const lines = problems.map(
    (problem) => `  ${problem.path.join('.')} ${problem.message}; ${problem.fix ?? flagOf(problem)}`,
  );
  return new UserError(`the answers cannot be used, nothing was written:\n${lines.join('\n')}`);
}
