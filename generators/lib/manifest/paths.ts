import { isWritable } from '../apply/state.ts';

/** The engine's folder, the volume's, and what is no key of an object of JavaScript. */
const OTHERS = /^(\.makina-image|data)(\/|$)|^__proto__$/iu;

/**
 * Whether a manifest, which anybody may have edited, may name a path as a project's file. That is less than a transaction may
 * write, which has the engine's own files to write, too: nothing of the engine, nothing in data/, no odd characters.
 */
export function isSafePath(path: string): boolean {
  const isSafe = known.get(path) ?? judge(path);
  known.set(path, isSafe);
  return isSafe;
}

/** Over many projects the same paths come again and again. */
const known = new Map<string, boolean>();

function judge(path: string): boolean {
  if (/[\u0000-\u001f\u007f\\]/.test(path) || path !== path.normalize('NFC')) return false;
  return isWritable(path) && !OTHERS.test(path);
}
