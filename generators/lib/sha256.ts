import { hash } from 'node:crypto';

const hashes = new WeakMap<Buffer, string>();

/** The SHA-256 of some bytes, in hexadecimal digits; they must not be changed afterwards. */
export function sha256Of(bytes: Buffer): string {
  const found = hashes.get(bytes) ?? hash('sha256', bytes);
  hashes.set(bytes, found);
  return found;
}
