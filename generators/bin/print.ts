import fs from 'node:fs';
import { shown } from '../lib/shown.ts';
import { lookOf } from '../terminal.ts';

/** Prints a line as console.log does, and none of a project's control characters. Node's own stream takes a tenth of a start to load. */
export function print(text: string): void {
  write(1, `${shown(text, lookOf(1))}\n`);
}

/** The same on standard error. */
export function printError(text: string): void {
  write(2, `${shown(text, lookOf(2))}\n`);
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
    // Nobody reads any more: `makina-image diff | head`.
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

/** Says once that words are lost, as on a full disk; the work goes on, and the exit code tells. */
function lose(descriptor: 1 | 2, error: Error): void {
  if (isLost) return;
  isLost = true;
  process.on('exit', () => {
    process.exitCode = 1;
  });
  if (descriptor === 1)
    printError(`makina-image: what it has to tell cannot be written (${error.message}); the rest is done`);
}
