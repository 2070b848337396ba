import { isatty } from 'node:tty';
import { parseArgs } from 'node:util';
import type Generator from 'yeoman-generator';
import type { Flag } from '../lib/answers/flags.ts';
import { nearest } from '../lib/answers/nearest.ts';
import { type Change, isOpen } from '../lib/change.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { preview } from '../lib/preview.ts';
import { shown } from '../lib/shown.ts';
import type { Reader } from '../lib/summary.ts';
import { isCi, lookOf } from '../terminal.ts';

/** Our own policy writes the files, and nothing is installed afterwards. */
export const FEATURES = { customCommitTask: () => undefined, customInstallTask: true };

/** What yo and Yeoman put among the options themselves, or take for themselves. */
const YEOMAN_OPTIONS = new Set(
  `_ _meta askAnswered color cwd debug destinationRoot env force forceInstall forwardErrorToEnvironment generator help
   insight localConfigOnly namespace resolved root sharedData skipCache skipInstall skipLocalCache skipParseOptions
   stdin stdout stderr update-notifier updateNotifier version`.split(/\s+/),
);

/** Declares flags to Yeoman, for its `--help`. */
export function declare(generator: Generator, flags: readonly Flag[]): void {
  for (const { flag, description, value } of flags)
    generator.option(flag, { type: value === undefined ? Boolean : String, description });
}

/**
 * Reads our flags out of the raw options that Yeoman hands over, before its own parser joins and guesses values.
 * @param equivalent the same command on our own bin, for errors
 * @throws UserError for an unknown flag, a repeated one, or one without its value
 */
export function flagValues(
  raw: Readonly<Record<string, unknown>>,
  flags: readonly Flag[],
  equivalent: string,
): Record<string, string | boolean> {
  const byOption = new Map(flags.map((flag) => [camelCase(flag.flag), flag]));
  const values: Record<string, string | boolean> = {};
  for (const [option, passed] of Object.entries(raw)) {
    const known = byOption.get(option);
    if (!known && (YEOMAN_OPTIONS.has(option) || option.includes('-'))) continue;
    const value = YEOMAN_OPTIONS.has(option) ? fromCommandLine(option) : passed;
    if (value === undefined) continue;
    const flag = known?.flag ?? option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (!known) {
      const meant = nearest(
        flag,
        flags.map((other) => other.flag),
        '--',
      );
      throw new UserError(`there is no flag --${flag}${meant}; add --help to see them all`);
    }
    if (Array.isArray(value))
      throw new UserError(`yo cannot pass --${flag} more than once; give one JSON value, or use ${equivalent}`);
    if (typeof value === 'boolean' && known.value !== undefined)
      throw new UserError(`--${flag} needs a value; write --${flag}=VALUE, or use ${equivalent}`);
    values[flag] = typeof value === 'boolean' ? value : String(value);
  }
  return values;
}

/** The value of a flag of ours that Yeoman takes for itself (`--env`): it reaches us on the command line alone. */
function fromCommandLine(flag: string): unknown {
  const options = { [flag]: { type: 'string', multiple: true } } as const;
  const given = parseArgs({ args: process.argv.slice(2), strict: false, options }).values[flag] as
    | unknown[]
    | undefined;
  return given && given.length > 1 ? given : given?.[0];
}

/** Tells what was written, or would be. */
export function tellChange(
  generator: Generator,
  dryRun: boolean,
  change: Change,
  summary: (reader: Reader) => string,
): void {
  if (isOpen(change)) process.exitCode = EXIT.conflict;
  // Yeoman's own log goes to standard error.
  const look = lookOf(2);
  const baseCommand = process.env.npm_command === 'exec' ? 'npx --no yo makina-image:base' : 'yo makina-image:base';
  const cwd = generator.destinationRoot();
  generator.log(shown(dryRun ? preview(change, look, false) : summary({ cwd, baseCommand, look }), look));
}

/** Whether somebody is there to answer. */
export function mayAsk(yes: boolean): boolean {
  return !yes && !isCi() && isatty(0) && isatty(1);
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
