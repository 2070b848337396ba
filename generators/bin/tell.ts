import { type FlagValues, isOn } from '../lib/answers/flags.ts';
import { EXIT } from '../lib/errors.ts';
import { leftAlone } from '../lib/left-alone.ts';
import type { Examined } from '../lib/regenerate.ts';
import type { Reader } from '../lib/summary.ts';
import type { Written } from '../lib/write.ts';
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
export function tellLeftAlone(flags: FlagValues, examined: Examined): void {
  if (!isOn(flags, 'verbose')) return;
  for (const line of leftAlone(examined)) printError(line);
}

/**
 * Tells what was written, or would be.
 * @param summary makes the text of what was written
 */
export async function tellWritten(
  flags: FlagValues,
  written: Written,
  summary: (reader: Reader) => string,
): Promise<void> {
  if (written.conflicts) process.exitCode = EXIT.conflict;
  tellLeftAlone(flags, written.examined);
  const look = lookOf(1);
  if (isDryRun(flags)) {
    const { preview } = await import('../lib/preview.ts');
    print(preview(written.examined, look, isOn(flags, 'verbose')));
    return;
  }
  const baseCommand = process.env.npm_command === 'exec' ? 'npx makina-image base' : 'makina-image base';
  tell(flags, summary({ cwd: process.cwd(), baseCommand, look }), written.conflicts);
}
