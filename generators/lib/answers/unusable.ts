import type { Problem } from '../model/problem.ts';
import { sls } from '../text/quote.ts';

const MAX_DEPTH = 100;
// YAML 1.1 reads keys of up to 1024 characters.
const MAX_KEY = 1000;
const HALF_CHARACTER = /\p{Surrogate}/u;

/** What no answers may hold, whatever the model says: it would be lost or changed on its way, or would never end. */
export function unusable(tree: unknown, path: string[] = []): Problem[] {
  if (path.length > MAX_DEPTH)
    return [{ path: path.slice(0, 1), message: `is nested deeper than ${MAX_DEPTH} levels` }];
  if (typeof tree === 'number' && Number.isInteger(tree) && !Number.isSafeInteger(tree) && Math.abs(tree) < 1e21)
    return [{ path, message: 'is too large a number to be kept exactly; write it as text, in quotes' }];
  if (typeof tree === 'number' && !Number.isFinite(tree))
    return [{ path, message: 'is not a number that can be kept; write it as text, in quotes' }];
  if (typeof tree === 'string' && HALF_CHARACTER.test(tree))
    return [{ path, message: 'has half of a character in it (a lone UTF-16 surrogate); write the whole one' }];
  if (typeof tree !== 'object' || tree === null) return [];
  if (!Array.isArray(tree) && Object.getPrototypeOf(tree) !== Object.prototype)
    return [{ path, message: 'is of a type that is neither text, number, boolean, list nor mapping' }];
  return Object.entries(tree).flatMap(([key, value]) => {
    const at = [...path, key];
    if (key === '__proto__' || HALF_CHARACTER.test(key)) return [{ path: at, message: 'is not a possible key' }];
    if (sls(key).length > MAX_KEY)
      return [
        {
          path: [...path, `${key.slice(0, 20)}…`],
          message: `is a longer key than the ${MAX_KEY} characters that YAML takes`,
        },
      ];
    return unusable(value, at);
  });
}
