import fs from 'node:fs';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** The content of a regular file, whatever its owner puts in its place meanwhile; undefined if it is larger than `maxBytes`. */
export function bytesOf(path: string, maxBytes: number): Buffer | undefined {
  const file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fs.fstatSync(file);
    if (!stat.isFile()) return Buffer.alloc(0);
    return stat.size > maxBytes ? undefined : fs.readFileSync(file);
  } finally {
    fs.closeSync(file);
  }
}
