import { type FlagValues, isOn } from '../lib/answers/flags.ts';
import { EXIT } from '../lib/errors.ts';
import { leftAlone } from '../lib/output/left-alone.ts';
import { preview } from '../lib/output/preview.ts';
import type { Reader } from '../lib/output/summary.ts';
import { type Change, changedFiles, isOpen } from '../lib/verbs/change.ts';
import { styleOf } from '../terminal.ts';
import { doneStyle, print, printDone, printError } from './print.ts';
import type { Host, Wrote } from './verb.ts';

/** Whether nothing is to be written. */
export function isDryRun(flags: FlagValues): boolean {
  return isOn(flags, 'dry-run') || isOn(flags, 'preview');
}

/** Prints what was done; with --quiet only conflicts and other problems, on standard error. */
export function printResult(flags: FlagValues, text: string, isProblem = false): void {
  if (!isOn(flags, 'quiet')) printDone(text);
  else if (isProblem) printError(text);
}

/** With --verbose: every file that was left alone, with the reason. */
export function printLeftAlone(flags: FlagValues, change: Change): void {
  if (!isOn(flags, 'verbose')) return;
  for (const line of leftAlone(change)) printError(line);
}

/**
 * Prints what was written, or would be.
 * @param summary makes the text of what was written
 * @returns the files that were changed
 */
export function printChange(
  flags: FlagValues,
  { cwd, command }: Host,
  change: Change,
  summary: (reader: Reader) => string,
): Wrote[] {
  if (isOpen(change)) process.exitCode = EXIT.conflict;
  printLeftAlone(flags, change);
  if (isDryRun(flags)) {
    print(preview(change, styleOf(1), isOn(flags, 'verbose')));
    return [];
  }
  printResult(flags, summary({ cwd, command, style: doneStyle() }), isOpen(change));
  return [wrote(change)];
}

/** The files that a change wrote. */
export function wrote(change: Change): Wrote {
  return { root: change.project.root, paths: changedFiles(change).map(({ path }) => path) };
}
