import { parseArgs } from 'node:util';
import { parseCommandLine } from '../bin/command-line.ts';
import { type CommandLine, GLOBAL_FLAGS, type Verb } from '../bin/verb.ts';
import type { Flag } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';

/** What yo and Yeoman take on a command line themselves. */
const YEOMAN_FLAGS = new Set(
  `ask-answered bail debug destination-root environment-version experimental f force force-install generators help h
   ignore-whitespace insight local-config-only local-only node-package-manager skip-cache skip-install skip-local-cache
   skip-yo-resolve update-notifier version`.split(/\s+/),
);

/**
 * The command line of a verb out of what Yeoman hands to a generator, read by the parser of our own bin.
 * @param words what `yo` or composeWith was given beside the options; flags may be among them
 * @param options typed on a command line, or values of JavaScript; options of others are left alone
 * @param typed the command line of `yo`, empty if another generator chose the options
 * @throws UserError for what the bin refuses, and for a value that no flag can have
 */
export function lineOf(
  name: string,
  verb: Verb,
  words: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
  typed: readonly string[],
): CommandLine {
  const known = new Map([...verb.flags, ...GLOBAL_FLAGS].map((flag) => [flag.flag, flag]));
  const given = new Map<string, string[]>();
  for (const [option, value] of Object.entries(options)) {
    const name = spelled(option);
    const flag = known.get(name);
    if (value === undefined || value === null || name === 'help' || name === 'env') continue;
    const isTyped = typed.some((word) => spelled((word.split('=')[0] as string).replace(/^--?(no-)?/, '')) === name);
    if (!flag && (!isTyped || YEOMAN_FLAGS.has(name))) continue;
    const made = flag && !isTyped ? fromValue(flag, value) : [value].flat().map((each) => word(name, each));
    const before = given.get(name);
    if (before && before.join('\0') !== made.join('\0'))
      throw new UserError(`--${name} was given as ${option} and in another spelling, with other values; give it once`);
    given.set(name, made);
  }
  // Yeoman's own options reach us only on the command line.
  if (known.has('env')) given.set('env', envOf(typed));
  const flags = [...given.values()].flat();
  if (options.force === true && known.has('conflict') && !given.has('conflict')) flags.push('--conflict=theirs');
  const odd = words.find((word) => typeof word !== 'string' && typeof word !== 'number');
  if (odd !== undefined) throw new UserError(`the words after ${name} are text, not ${kindOf(odd)}`);
  // After the words: a flag without its value must not take one of them.
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const args = [...words.slice(0, end), ...flags, ...words.slice(end)].map(String);
  return parseCommandLine(name, args, verb.flags);
}

/** `baseImage` and `base_image` as our flags are spelled. */
function spelled(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-');
}

function envOf(typed: readonly string[]): string[] {
  const options = { env: { type: 'string', multiple: true } } as const;
  const { env = [] } = parseArgs({ args: [...typed], strict: false, options }).values;
  return env.map((value) => word('env', value));
}

function word(flag: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? `--${flag}` : `--no-${flag}`;
  return `--${flag}=${value}`;
}

/** The words of a value of JavaScript. */
function fromValue(flag: Flag, value: unknown): string[] {
  const { flag: name, value: takes } = flag;
  const isMany = takes?.endsWith(' ...') === true;
  const isJson = takes === 'JSON';
  const fits =
    (typeof value === 'string' && takes !== undefined) ||
    (typeof value === 'boolean' && takes === undefined) ||
    (typeof value === 'number' && takes === 'NUMBER') ||
    (Array.isArray(value) && (isJson || isMany)) ||
    (isPlain(value) && (isJson || takes === 'KEY=VALUE ...'));
  if (!fits) throw new UserError(`--${name} takes ${wanted(flag)}, not ${kindOf(value)}`);
  if (typeof value !== 'object') return [word(name, value)];
  refuseOdd(name, value, []);
  // Each value of a list is a word of its own, unless it is JSON.
  const isWords = Array.isArray(value) && (takes === 'FIELD ...' || takes === 'KEY=VALUE ...');
  return isWords ? value.map((each) => word(name, each)) : [word(name, JSON.stringify(value))];
}

function wanted({ value }: Flag): string {
  if (value === undefined) return 'true or false';
  if (value === 'JSON') return 'a mapping, a list or JSON';
  if (value === 'KEY=VALUE ...') return 'a mapping';
  if (value === 'NUMBER') return 'a number';
  return value.endsWith(' ...') ? 'a list' : 'text';
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isPlain(value)) return 'a mapping';
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object') return `the ${typeof value} ${String(value)}`;
  return `an object of the class ${value?.constructor?.name ?? 'null'}`;
}

/** @throws UserError for what no answer can hold, anywhere in a value */
function refuseOdd(name: string, value: unknown, above: readonly unknown[], at = `--${name}`): void {
  if (above.includes(value)) throw new UserError(`${at} holds itself; give a value that JSON can hold`);
  if (Array.isArray(value) || isPlain(value))
    for (const [key, each] of Object.entries(value as object))
      refuseOdd(name, each, [...above, value], `${at}: ${key}`);
  else if (
    !(value === null || value === undefined || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value))
  )
    throw new UserError(`${at} is ${kindOf(value)}; give a value that JSON can hold`);
}

/** Whether a value is a mapping and not an object of a class, of whichever realm. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
