/** The mark that the launcher leaves when it becomes circus: which exit code a signal leads to depends on it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';

/** The signals that end a container. */
export const SIGNALS = { TERM: 15, INT: 2, QUIT: 3 };
/** Milliseconds after `docker kill` returned in which the shell may still look for the mark. */
const LATE = 100;

/** When the launcher became circus, in milliseconds since 1970; undefined if it did not. */
export function markTime(runFolder) {
  return statSync(join(runFolder, 'mc_launcher.launched'), { throwIfNoEntry: false })?.mtimeMs;
}

/** 0 after the mark, 128+n before it; both when it came while the signal was on its way. */
export function expectedCodes(signal, times, mark) {
  const early = 128 + SIGNALS[signal];
  if (mark === undefined || mark > times.delivered + LATE) return [early];
  return mark < times.sent ? [0] : [0, early];
}
