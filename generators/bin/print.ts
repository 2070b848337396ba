import fs from 'node:fs';
import type { Style } from '../lib/output/style.ts';
import { shown } from '../lib/text/shown.ts';
import { isTerminal, styleOf } from '../terminal.ts';

/** Where text is printed. */
export interface Output {
  /** What was asked for, such as `--json` or a diff; the text as it is. */
  write(text: string): void;
  /** What was done; a line. */
  printDone(text: string): void;
  printError(text: string): void;
  /** How `printDone` shows text. */
  style(): Style;
}

/** Node's own streams take a tenth of a start to load. */
const STANDARD: Output = {
  write: (text) => write(1, text),
  printDone: (text) => write(1, `${text}\n`),
  printError: (text) => write(2, `${text}\n`),
  style: () => styleOf(1),
};

let output = STANDARD;

/** Prints everything elsewhere: Yeoman's adapter has its own output. */
export function printTo(other: Output = STANDARD): void {
  output = other;
}

/** Prints a line as console.log does, and none of a project's control characters. */
export function print(text: string): void {
  output.write(`${shown(text, styleOf(1))}\n`);
}

/** Prints a text that another program reads: as it is, unless it goes to a terminal. */
export function printAsIs(text: string): void {
  const style = styleOf(1);
  output.write(isTerminal(1) ? shown(text, style) : text);
}

/** Prints what was done. */
export function printDone(text: string): void {
  output.printDone(shown(text, output.style()));
}

/** How `printDone` shows a text. */
export function doneStyle(): Style {
  return output.style();
}

/** Prints a line on standard error. */
export function printError(text: string): void {
  output.printError(shown(text, styleOf(2)));
}

/** Writes a text as it is. */
export function write(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    while (done < bytes.length) done += fs.writeSync(descriptor, bytes, done);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A full pipe that does not block: the stream knows how.
    if (code === 'EAGAIN') streamOf(descriptor).write(bytes.subarray(done));
    // The reader is gone: `makina-image diff | head`.
    else if (code !== 'EPIPE') lose(descriptor, error as Error);
  }
}

function streamOf(descriptor: 1 | 2): NodeJS.WriteStream {
  const stream = descriptor === 1 ? process.stdout : process.stderr;
  if (stream.listenerCount('error') === 0)
    stream.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' || lose(descriptor, error));
  return stream;
}

let isLost = false;

/** Says once that output is lost, as on a full disk; the work goes on, and the exit code shows it. */
function lose(descriptor: 1 | 2, error: Error): void {
  if (isLost) return;
  isLost = true;
  process.on('exit', () => {
    process.exitCode = 1;
  });
  if (descriptor === 1)
    printError(`makina-image: its output cannot be written (${error.message}); everything else was done`);
}
