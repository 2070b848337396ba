import { isDict } from '../model/dict.ts';
import type { Intent } from '../model/intent.ts';

/** What some answers say and others do not, as `crons.purge`, or `programs.web: null`; nobody has to say the name again. */
export function beside(stored: Intent, given: Intent): string[] {
  return Object.keys(stored).flatMap((key) => (key === 'name' ? [] : missing(stored[key], given, [key])));
}

function missing(value: unknown, given: Intent, path: readonly string[]): string[] {
  const key = path.at(-1) as string;
  const isThere = Object.hasOwn(given, key);
  // Of a field that is gone as a whole, each of its entries.
  if (!isThere && path.length === 1 && isDict(value)) return missing(value, { [key]: {} }, path);
  if (!isThere) return [`${path.join('.')}${value === null ? ': null' : ''}`];
  const below = given[key];
  if (!isDict(value) || !isDict(below)) return [];
  return Object.keys(value).flatMap((inner) => missing(value[inner], below, [...path, inner]));
}

/** Tells a person of that; undefined where there is nothing. */
export function besideText(paths: readonly string[], isExact: boolean, isWritten: boolean): string | undefined {
  if (paths.length === 0) return undefined;
  const list = paths.map((path) => `\n  ${path}`).join('');
  if (!isExact) return `These answers were not given now, and stay:${list}`;
  return `${isWritten ? 'Removed from the answers' : 'Would be removed from the answers'}:${list}`;
}
