import { isDict } from '../model/dict.ts';
import type { Intent } from '../model/intent.ts';

/** What stored answers have and the given ones do not, as `crons.purge` or `programs.web: null`; the name need not be repeated. */
export function beside(stored: Intent, given: Intent): string[] {
  return Object.keys(stored).flatMap((key) => (key === 'name' ? [] : missing(stored[key], given, [key])));
}

function missing(value: unknown, given: Intent, path: readonly string[]): string[] {
  const key = path.at(-1) as string;
  const isThere = Object.hasOwn(given, key);
  // Of a field that is missing as a whole, each of its entries.
  if (!isThere && path.length === 1 && isDict(value)) return missing(value, { [key]: {} }, path);
  if (!isThere) return [`${path.join('.')}${value === null ? ': null' : ''}`];
  const below = given[key];
  if (!isDict(value) || !isDict(below)) return [];
  return Object.keys(value).flatMap((inner) => missing(value[inner], below, [...path, inner]));
}

/** The text about them for a person; undefined if there are none. */
export function besideText(paths: readonly string[], isExact: boolean, isWritten: boolean): string | undefined {
  if (paths.length === 0) return undefined;
  const list = paths.map((path) => `\n  ${path}`).join('');
  if (!isExact) return `These answers were not given now, and stay:${list}`;
  return `${isWritten ? 'Removed from the answers' : 'Would be removed from the answers'}:${list}`;
}
