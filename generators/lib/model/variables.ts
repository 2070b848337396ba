/** Values of a project's own, which its texts name as {key}: the launcher's references.py replaces and checks them in the same way. */

import { DATA_KEYS, saltFields } from './data-keys.ts';
import { type Dict, isDict } from './dict.ts';
import type { Problem } from './problem.ts';
import { RESERVED_DATA_KEYS } from './reserved.ts';
import type { Image } from './schema.ts';

/** Characters of a value, its references replaced: a few that name each other twice would fill the memory. */
const LONGEST = 4096;
/** Each can be made of the one before it, and Salt follows that. */
const MOST = 100;
const REFERENCE = /\{([^{}]*)\}/g;

/** The names below `data` that have a meaning already. */
const TAKEN = new Set([...RESERVED_DATA_KEYS, ...DATA_KEYS]);

/** The same image with its variables in the place of their references, in paths that are keys too. */
export function withVariables(image: Image): Image {
  if (Object.keys(image.variables).length === 0) return image;
  const values = valuesOf(image.variables);
  const replaced = replacedIn(image, values) as Image;
  const byPath = <T>(entries: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(entries).map(([path, entry]) => [replacedIn(path, values), entry]));
  return { ...replaced, directories: byPath(replaced.directories), symlinks: byPath(replaced.symlinks) };
}

/** Names that have another meaning, values that name themselves, and values without an end. */
export function checkVariables({ variables }: Image): Problem[] {
  const values = valuesOf(variables);
  const names = Object.keys(variables);
  if (names.length > MOST) return [{ path: ['variables'], message: `has more than ${MOST} names; use fewer` }];
  return names.flatMap((name) => {
    const path = ['variables', name];
    if (TAKEN.has(name)) return [{ path, message: 'has the name of another setting; rename it' }];
    const inner = leadsTo(variables, name);
    if (inner.has(name)) return [{ path, message: 'is made of itself; give it a value of its own' }];
    // Another one that is wrong has a sentence of its own.
    const isWrong = !values.has(name) && [...inner].every((other) => values.has(other));
    return !isWrong ? [] : [{ path, message: `comes to more than ${LONGEST} characters; make it shorter` }];
  });
}

/** The first field of the build that uses each variable, by the name of the variable: an override cannot change it. */
export function buildVariables(image: Image): Record<string, string> {
  const found = new Map<string, string>();
  const visit = (value: unknown, path: string) => {
    if (isDict(value))
      for (const [key, item] of Object.entries(value)) {
        visit(key, `${path}.${key}`);
        visit(item, `${path}.${key}`);
      }
    else if (Array.isArray(value)) for (const item of value) visit(item, path);
    else if (typeof value === 'string')
      for (const name of namesIn(value, image.variables))
        for (const used of [name, ...leadsTo(image.variables, name)]) if (!found.has(used)) found.set(used, path);
  };
  for (const { key, salt } of saltFields) if (salt) visit(image[key as keyof Image], key);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What each variable stands for; one that cannot be used has no value. */
function valuesOf(variables: Record<string, string>): Map<string, string> {
  const values = new Map<string, string>();
  const begun = new Set<string>();
  const add = (name: string) => {
    if (begun.has(name)) return;
    begun.add(name);
    const text = variables[name] as string;
    const inner = namesIn(text, variables);
    for (const other of inner) add(other);
    const whole = replacedIn(text, values) as string;
    if (inner.every((other) => values.has(other)) && whole.length <= LONGEST) values.set(name, whole);
  };
  for (const name of Object.keys(variables)) add(name);
  return values;
}

function namesIn(text: string, variables: Record<string, string>): string[] {
  return [...text.matchAll(REFERENCE)].map(([, key = '']) => key).filter((key) => Object.hasOwn(variables, key));
}

/** Every variable that a variable is made of. */
function leadsTo(variables: Record<string, string>, name: string): Set<string> {
  const found = new Set<string>();
  const add = (text: string) => {
    for (const other of namesIn(text, variables)) {
      if (found.has(other)) continue;
      found.add(other);
      add(variables[other] as string);
    }
  };
  add(variables[name] as string);
  return found;
}

function replacedIn(value: unknown, values: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return value.replace(REFERENCE, (whole, key) => values.get(key) ?? whole);
  if (Array.isArray(value)) return value.map((item) => replacedIn(item, values));
  if (!isDict(value)) return value;
  const items = Object.entries(value as Dict).map(([key, item]) => [key, replacedIn(item, values)]);
  return Object.fromEntries(items);
}
