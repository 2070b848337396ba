import fs from 'node:fs';

/** Prints a line as console.log does. Node's own stream takes a tenth of a start to load. */
export function print(text: string): void {
  write(1, `${text}\n`);
}

/** The same on standard error. */
export function printError(text: string): void {
  write(2, `${text}\n`);
}

/** Writes a text as it is. */
export function write(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    while (done < bytes.length) done += fs.writeSync(descriptor, bytes, done);
  } catch (error) {
    // Nobody reads any more: `makina-image diff | head`.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return;
    // A full pipe that does not block: the stream knows how.
    (descriptor === 1 ? process.stdout : process.stderr).write(bytes.subarray(done));
  }
}
