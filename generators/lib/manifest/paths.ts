import { isWritable } from '../apply/state.ts';

/** The engine's folder, the volume's, and a name that cannot be a key of a JavaScript object. */
const OTHERS = /^(\.makina-image|data)(\/|$)|^__proto__$/iu;

/**
 * Whether a manifest, which anyone may have edited, may name a path as a project's file: nothing of the engine, nothing in data/, no
 * odd characters. A transaction may write more, since it also writes the engine's own files.
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
