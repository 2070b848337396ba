/**
 * Intent is what the user said and nothing else: `.yo-rc.json` stores it, defaults stay out of it, `null` takes away
 * what a lower layer brings. A complete image comes out of the layers: schema defaults < demo < intent.
 */
import type { core } from 'zod/mini';
import { demo } from './demo.ts';
import { fields } from './fields.ts';
import { type Image, imageSchema } from './schema.ts';

export type Intent = { [key: string]: unknown };

/** One thing wrong with an answer: where (`programs.web.cmd`) and what. */
export interface Problem {
  path: string[];
  message: string;
}

export function isDict(value: unknown): value is Intent {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `upper` over `lower`: dicts merge by key, all else replaces, `null` of `upper` stays as the mark of a removal. */
export function merge(lower: Intent, upper: Intent): Intent {
  const merged = new Map(Object.entries(lower));
  for (const [key, value] of Object.entries(upper)) {
    const below = merged.get(key);
    merged.set(key, isDict(value) ? merge(isDict(below) ? below : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

/** Drops every `null`: of a merged tree this is the tree after the removals. */
function withoutNulls(tree: Intent): Intent {
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, isDict(value) ? withoutNulls(value) : value]),
  );
}

/** Intent as it is stored: a `null` survives only where the demo brings something to take away; canonical key order. */
export function canonicalIntent(intent: Intent): Intent {
  const kept = keepNullsOver(intent, intent.demo === false ? {} : demo);
  const order = new Map(fields.map((field, index) => [field.key, index]));
  const rank = (key: string) => order.get(key) ?? order.size;
  return Object.fromEntries(
    Object.entries(kept)
      .sort(([a], [b]) => rank(a) - rank(b))
      .map(([key, value]) => [key, sortKeys(value)]),
  );
}

function keepNullsOver(tree: Intent, below: Intent): Intent {
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([key, value]) => value !== null || below[key] !== undefined)
      .map(([key, value]) => {
        const under = below[key];
        return [key, isDict(value) ? keepNullsOver(value, isDict(under) ? under : {}) : value];
      }),
  );
}

/** The same value with the keys of every dict in code point order, so that the order of saying things never shows. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isDict(value)) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, item]) => [key, sortKeys(item)]));
}

/**
 * The complete image an intent stands for, or everything that is wrong with it.
 * @returns either `image` or a non-empty `problems`
 */
export function complete(intent: Intent): { image: Image; problems?: never } | { image?: never; problems: Problem[] } {
  const said = withoutNulls(merge(intent.demo === false ? {} : demo, intent));
  const result = imageSchema.safeParse(sortKeys(said));
  if (!result.success) return { problems: result.error.issues.flatMap((issue) => toProblems(issue)) };
  const problems = [...forbiddenKeys(said), ...checkSeeds(result.data)];
  return problems.length > 0 ? { problems } : { image: result.data };
}

/** JSON.parse and YAML can make a key of this name, which JavaScript would take for something else. */
function forbiddenKeys(tree: unknown, path: string[] = []): Problem[] {
  if (!isDict(tree) && !Array.isArray(tree)) return [];
  return Object.entries(tree).flatMap(([key, value]) => {
    const at = [...path, key];
    return key === '__proto__' ? [{ path: at, message: 'is not a possible key' }] : forbiddenKeys(value, at);
  });
}

function checkSeeds(image: Image): Problem[] {
  return Object.entries(image.seeds).flatMap(([name, { source, target }]) => {
    const at = ['seeds', name];
    const problems: Problem[] = [];
    if (source.startsWith('/')) problems.push({ path: [...at, 'source'], message: 'must be relative to project/' });
    const inVolume = image.volumes.some((volume) => target.startsWith(`${volume.replace(/\/+$/, '')}/`));
    if (target.startsWith('/') && !inVolume)
      problems.push({ path: [...at, 'target'], message: 'must be relative to data/ or lie below one of `volumes`' });
    return problems;
  });
}

function toProblems(issue: core.$ZodIssue): Problem[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a known field' }));
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message: `the key ${message}` }));
  const [, expected, received] = /expected (\w+), received (\w+)/.exec(issue.message) ?? [];
  if (received === 'undefined') return [{ path, message: 'is required' }];
  if (received) return [{ path, message: `must be of type ${expected}, not ${received}` }];
  return [{ path, message: issue.message.replace(/^Invalid (input|option): /, '') }];
}
