import { isWritable, OWN } from '../apply/state.ts';

/**
 * Whether a manifest, which anybody may have edited, may name a path as a project's file. That is less than a transaction may
 * write, which has the engine's own files to write, too: nothing of the engine, nothing in data/, no odd characters.
 */
export function isSafePath(path: string): boolean {
  if (/[\u0000-\u001f\u007f\\]/.test(path) || path !== path.normalize('NFC')) return false;
  const top = path.split('/', 1)[0]?.toLowerCase() as string;
  return isWritable(path) && top !== OWN && top !== 'data';
}
