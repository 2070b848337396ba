/**
 * Intent is what the user answered and nothing else: `.yo-rc.json` stores it, without defaults, and `null` removes what a
 * lower layer brings. A complete image comes out of the layers: schema defaults < demo < intent.
 */
import type { core, ZodMiniType } from 'zod/mini';
import { nearest } from '../text/nearest.ts';
import { checkImage } from './checks.ts';
import { demo } from './demo.ts';
import { type Dict, isDict } from './dict.ts';
import { defaultOf, fields, innerType } from './fields.ts';
import type { Problem } from './problem.ts';
import { type Image, imageSchema } from './schema.ts';
import { withVariables } from './variables.ts';

export type Intent = Dict;

/**
 * `upper` over `lower`: dicts merge by key, all else replaces, `null` of `upper` stays as the mark of a removal.
 * @param under what lies below both, the demo: a dict over a removal must not bring back what was removed
 */
export function merge(lower: Intent, upper: Intent, under: Intent = demo): Intent {
  const merged = new Map(Object.entries(lower));
  for (const [key, value] of Object.entries(upper)) {
    const below = merged.get(key);
    const underKey = dictAt(under, key);
    const start = below === null ? allRemoved(underKey) : dictAt({ below }, 'below');
    merged.set(key, isDict(value) ? merge(start, value, underKey) : value);
  }
  return Object.fromEntries(merged);
}

function dictAt(tree: Intent, key: string): Intent {
  const value = Object.hasOwn(tree, key) ? tree[key] : undefined;
  return isDict(value) ? value : {};
}

function allRemoved(tree: Intent): Intent {
  return Object.fromEntries(Object.keys(tree).map((key) => [key, null]));
}

/** Drops every `null`: of a merged tree this is the tree after the removals. */
function withoutNulls(tree: Intent): Intent {
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, isDict(value) ? withoutNulls(value) : value]),
  );
}

/**
 * Intent as it is stored, the same text for all that means the same: a `null` survives only where the demo brings something
 * to take away, a dict only where it says something; canonical key order.
 */
export function canonicalIntent(intent: Intent): Intent {
  const kept = keepGiven(intent, intent.demo === false ? {} : demo, imageSchema);
  const order = new Map(fields.map((field, index) => [field.key, index]));
  const rank = (key: string) => order.get(key) ?? order.size;
  return Object.fromEntries(
    Object.entries(kept)
      .sort(([a], [b]) => rank(a) - rank(b))
      .map(([key, value]) => [key, sortKeys(value)]),
  );
}

/** @param type the model's type of `tree`, undefined where it is free in form */
function keepGiven(tree: Intent, below: Intent, type: ZodMiniType | undefined): Intent {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
      const field = type && fieldType(type, key);
      const under = Object.hasOwn(below, key) ? below[key] : undefined;
      const isDictField = field !== undefined && isDict(defaultOf(field));
      if (value === null) {
        if (under === undefined) return [];
        return [[key, isDictField && isDict(under) ? allRemoved(under) : null]];
      }
      if (!isDict(value)) return [[key, value]];
      const inner = keepGiven(value, dictAt(below, key), field && innerType(field));
      return Object.keys(inner).length === 0 && (isDictField || isDict(under)) ? [] : [[key, inner]];
    }),
  );
}

function fieldType({ def }: ZodMiniType, key: string): ZodMiniType | undefined {
  if (def.type === 'record') return (def as core.$ZodRecordDef).valueType as ZodMiniType;
  if (def.type === 'array') return (def as core.$ZodArrayDef).element as ZodMiniType;
  if (def.type !== 'object') return undefined;
  const { shape } = def as core.$ZodObjectDef;
  return Object.hasOwn(shape, key) ? (shape[key] as ZodMiniType) : undefined;
}

/** The same value with the keys of every dict in one order, whatever the order of the answers. */
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
  const given = withoutNulls(merge(intent.demo === false ? {} : demo, intent));
  const result = imageSchema.safeParse(sortKeys(given));
  if (!result.success) return { problems: problemsOf(imageSchema, result.error) };
  const filled = withDefaults(given);
  const image = filled === given ? result.data : imageSchema.parse(sortKeys(filled));
  const problems = checkImage(image);
  if (problems.length > 0) return { problems };
  const meant = withVariables(image);
  // What a variable makes of a field must have its form too.
  const { error } = meant === image ? {} : imageSchema.safeParse(meant);
  return error ? { problems: problemsOf(imageSchema, error) } : { image };
}

/** Answers that fit the schema, with what `program_defaults` and so on say in each of their entries that says nothing else. */
function withDefaults(given: Intent): Intent {
  const kinds = Object.keys(given).filter((key) => key.endsWith('_defaults'));
  const filled = kinds.map((kind): [string, Intent] => {
    const key = kind.replace(/_defaults$/, 's');
    const { umask, ...defaults } = dictAt(given, kind);
    const entries = Object.entries(dictAt(given, key) as Record<string, Intent>).map(([name, entry]) => {
      // With a socket the umask is one that nginx can connect with, unless the program itself says another.
      const more = umask === undefined || entry.socket !== undefined ? {} : { umask };
      return [name, { ...defaults, ...more, ...entry }];
    });
    return [key, Object.fromEntries(entries)];
  });
  return kinds.length === 0 ? given : { ...given, ...Object.fromEntries(filled) };
}

/** What a schema says is wrong with a value. */
export function problemsOf(schema: ZodMiniType, { issues }: core.$ZodError): Problem[] {
  return issues.flatMap((issue) => toProblems(schema, issue));
}

/** @param path where a key is that the schema does not have there */
function unknownField(schema: ZodMiniType, path: string[], key: string): Problem {
  const type = path.reduce<ZodMiniType | undefined>((at, step) => at && fieldType(innerType(at), step), schema);
  const { def } = innerType(type ?? schema);
  const known = def.type === 'object' ? Object.keys((def as core.$ZodObjectDef).shape) : [];
  const message = `is not a known field${nearest(key, known)}`;
  return { path: [...path, key], message, fix: `known here: ${known.join(', ')}` };
}

function toProblems(schema: ZodMiniType, issue: core.$ZodIssue): Problem[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(schema, path, key));
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message: `the key ${message}` }));
  const [, expected, received] = /expected (\w+), received (\w+)/.exec(issue.message) ?? [];
  if (received === 'undefined') return [{ path, message: 'is required' }];
  if (received) return [{ path, message: `must be of type ${expected}, not ${received}` }];
  return [{ path, message: issue.message.replace(/^Invalid (input|option): /, '') }];
}
