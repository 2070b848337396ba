import { type FlagValues, isOn } from '../lib/answers/flags.ts';
import { EXIT } from '../lib/errors.ts';
import { leftAlone } from '../lib/output/left-alone.ts';
import { preview } from '../lib/output/preview.ts';
import type { Reader } from '../lib/output/summary.ts';
import { type Change, changedFiles, isOpen } from '../lib/verbs/change.ts';
import { lookOf } from '../terminal.ts';
import { print, printError, printTold, toldLook } from './print.ts';
import type { Host, Wrote } from './verb.ts';

/** Whether nothing is to be written. */
export function isDryRun(flags: FlagValues): boolean {
  return isOn(flags, 'dry-run') || isOn(flags, 'preview');
}

/** Tells what was done; --quiet leaves only what the reader has to settle, on standard error. */
export function tell(flags: FlagValues, text: string, isProblem = false): void {
  if (!isOn(flags, 'quiet')) printTold(text);
  else if (isProblem) printError(text);
}

/** With --verbose: every file that was left alone, with the reason. */
export function tellLeftAlone(flags: FlagValues, change: Change): void {
  if (!isOn(flags, 'verbose')) return;
  for (const line of leftAlone(change)) printError(line);
}

/**
 * Tells what was written, or would be.
 * @param summary makes the text of what was written
 * @returns the files that were changed
 */
export function tellChange(
  flags: FlagValues,
  { cwd, baseCommand }: Host,
  change: Change,
  summary: (reader: Reader) => string,
): Wrote[] {
  if (isOpen(change)) process.exitCode = EXIT.conflict;
  tellLeftAlone(flags, change);
  if (isDryRun(flags)) {
    print(preview(change, lookOf(1), isOn(flags, 'verbose')));
    return [];
  }
  tell(flags, summary({ cwd, baseCommand, look: toldLook() }), isOpen(change));
  return [wrote(change)];
}

/** The files that a change wrote. */
export function wrote(change: Change): Wrote {
  return { root: change.project.root, paths: changedFiles(change).map(({ path }) => path) };
}
