import { type FlagValues, isOn } from '../lib/answers/flags.ts';
import { type Change, isOpen } from '../lib/change.ts';
import { EXIT } from '../lib/errors.ts';
import { leftAlone } from '../lib/left-alone.ts';
import type { Reader } from '../lib/summary.ts';
import { lookOf } from '../terminal.ts';
import { print, printError } from './print.ts';

/** Whether nothing is to be written. */
export function isDryRun(flags: FlagValues): boolean {
  return isOn(flags, 'dry-run') || isOn(flags, 'preview');
}

/** Tells what was done; --quiet leaves only what the reader has to settle, on standard error. */
export function tell(flags: FlagValues, text: string, isProblem = false): void {
  if (!isOn(flags, 'quiet')) print(text);
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
 */
export async function tellChange(
  flags: FlagValues,
  change: Change,
  summary: (reader: Reader) => string,
): Promise<void> {
  if (isOpen(change)) process.exitCode = EXIT.conflict;
  tellLeftAlone(flags, change);
  const look = lookOf(1);
  if (isDryRun(flags)) {
    const { preview } = await import('../lib/preview.ts');
    print(preview(change, look, isOn(flags, 'verbose')));
    return;
  }
  const baseCommand = process.env.npm_command === 'exec' ? 'npx --no makina-image base' : 'makina-image base';
  tell(flags, summary({ cwd: process.cwd(), baseCommand, look }), isOpen(change));
}
