import { parseArgs } from 'node:util';
import type { Flag } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { nearest } from '../lib/text/nearest.ts';
import { type CommandLine, GLOBAL_FLAGS } from './verb.ts';

/**
 * Parses the words after a verb.
 * @param verb for errors
 * @param taken its own flags; a switch may be given as `--no-…` too
 * @throws UserError for an unknown flag or a missing value
 */
export function parseCommandLine(verb: string, args: string[], taken: readonly Flag[]): CommandLine {
  const all = [...taken, ...GLOBAL_FLAGS];
  const [valued, switches] = [true, false].map((hasValue) =>
    all.filter(({ value }) => (value !== undefined) === hasValue).map(({ flag }) => flag),
  ) as [string[], string[]];
  const flags: CommandLine['flags'] = {};
  const words: string[] = [];
  const { tokens } = parseArgs({
    args,
    strict: false,
    tokens: true,
    options: Object.fromEntries([
      ...valued.map((flag) => [flag, { type: 'string' as const }]),
      ...switches.map((flag) => [flag, { type: 'boolean' as const }]),
    ]),
  });
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind === 'option') {
      const { flag, value } = known(verb, token, valued, switches);
      flags[flag] = [...(flags[flag] ?? []), value];
    }
  }
  return { flags, words };
}

/**
 * The same for a verb whose flags come first: what follows them are words as they are.
 * @throws UserError for a missing value
 */
export function parsePassing(verb: string, args: string[], taken: readonly Flag[]): CommandLine {
  const all = [...taken, ...GLOBAL_FLAGS];
  let own = 0;
  for (; own < args.length; own += 1) {
    const word = args[own] as string;
    const flag = all.find(({ flag }) => word === `--${flag}` || word.startsWith(`--${flag}=`));
    if (!flag && word !== '-h') break;
    if (flag?.value !== undefined && !word.includes('=')) own += 1;
  }
  const { flags } = parseCommandLine(verb, args.slice(0, own), taken);
  return { flags, words: args.slice(args[own] === '--' ? own + 1 : own) };
}

type OptionToken = { name: string; rawName: string; value: string | undefined; inlineValue: boolean | undefined };

function known(verb: string, token: OptionToken, valued: string[], switches: string[]) {
  const { name, value, rawName } = token;
  if (rawName === '-h') return { flag: 'help', value: true };
  if (valued.includes(name)) {
    // `--description --yes` is a forgotten value, not a text.
    const forgotten = value === undefined || (!token.inlineValue && value.startsWith('--'));
    if (forgotten) throw new UserError(`--${name} needs a value; write --${name}=VALUE`);
    return { flag: name, value };
  }
  const positive = name.replace(/^no-/, '');
  const flag = switches.includes(name) ? name : positive;
  if (!switches.includes(flag)) {
    const meant = nearest(name, [...valued, ...switches, ...switches.map((known) => `no-${known}`)], '--');
    throw new UserError(`${verb} has no flag ${rawName}${meant}; makina-image ${verb} --help lists them`);
  }
  if (value !== undefined) throw new UserError(`--${name} takes no value; write --${flag} or --no-${flag}`);
  return { flag, value: flag === name };
}
