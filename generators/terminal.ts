import fs from 'node:fs';
import type { Style } from './lib/output/style.ts';

/** Whether file descriptors are those of a terminal. node:tty takes a tenth of a start to load, and few runs need it. */
export function isTerminal(...descriptors: number[]): boolean {
  if (!descriptors.every(isDevice)) return false;
  const { isatty } = process.getBuiltinModule('node:tty');
  return descriptors.every((descriptor) => isatty(descriptor));
}

function isDevice(descriptor: number): boolean {
  try {
    return fs.fstatSync(descriptor).isCharacterDevice();
  } catch {
    // It is closed.
    return false;
  }
}

/** Whether a CI runs this: CI is set, and not to a word for no. */
export function isCi(): boolean {
  return !/^(|0|no|off|false)$/i.test(process.env.CI ?? '');
}

const DEFAULT_WIDTH = 80;
// Longer lines are hard to read.
const WIDEST = 100;

/** How wide the text may be that goes to standard output (1) or standard error (2). */
export function widthOf(descriptor: 1 | 2): number {
  const stream = isTerminal(descriptor) ? (descriptor === 1 ? process.stdout : process.stderr) : undefined;
  const columns = stream?.columns || Number(process.env.COLUMNS);
  return Math.min(WIDEST, Math.max(40, columns > 0 ? columns : DEFAULT_WIDTH));
}

/** How text is shown on standard output (1) or standard error (2): colours on a terminal, unless the environment says otherwise. */
export function styleOf(descriptor: 1 | 2): Style {
  const found = styles.get(descriptor) ?? findStyle(descriptor);
  styles.set(descriptor, found);
  return found;
}

/** Over many projects it is asked for at every line. */
const styles = new Map<1 | 2, Style>();

function findStyle(descriptor: 1 | 2): Style {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
  const isPlain = NO_COLOR || TERM === 'dumb' || !isTerminal(descriptor);
  return { width: widthOf(descriptor), colour: FORCE_COLOR ? !/^(0|false)$/.test(FORCE_COLOR) : !isPlain };
}
