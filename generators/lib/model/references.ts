/** References such as {project_root} in paths and accounts: the known ones, and what they stand for. */

import type { core, ZodMiniType } from 'zod/mini';
import { distance } from '../text/nearest.ts';
import { innerType } from './fields.ts';
import type { Problem } from './problem.ts';
import { type Image, imageSchema } from './schema.ts';
import { keysIn, PATH_KEYS } from './types.ts';

/** What each known reference stands for in the image of a project. */
function values(name: string): Record<string, string> {
  const dir = `/srv/projects/${name}`;
  return {
    name,
    user: `${name}-user`,
    group: `${name}-grp`,
    projects_dir: '/srv/projects',
    project_dir: dir,
    project_root: `${dir}/project`,
    salt_root: `${dir}/project/.salt`,
    pillar_root: `${dir}/pillar`,
    data_root: `${dir}/data`,
  };
}

/** A text with its known references replaced. */
export function replaced(text: string, name: string): string {
  const known = new Map(Object.entries(values(name)));
  return text.replace(/\{([^{}]*)\}/g, (whole, key) => known.get(key) ?? whole);
}

/** What is wrong with the references of a text, the nearest known key first; the launcher's references.py says the same. */
export function unknownReference(text: string, known: readonly string[]): string | undefined {
  // Only the inner ones would be replaced.
  const [nested] = /\{[^{}]*\{[^{}]*\}[^{}]*\}/.exec(text) ?? [];
  if (nested !== undefined) return `has ${onOneLine(nested)}, a {key} within braces; take the outer braces away`;
  const key = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, key = '']) => key).find((key) => !known.includes(key));
  if (key === undefined) return undefined;
  const near = [...known].sort((a, b) => distance(key, a) - distance(key, b));
  return `has the unknown {${onOneLine(key)}}; known are ${near.map((other) => `{${other}}`).join(', ')}`;
}

const onOneLine = (text: string) => text.replace(/\p{Cc}/gu, '?');

/** Every path, host and account of an image that names something unknown, the keys of dicts too. */
export function checkReferences(image: Image): Problem[] {
  const variables = Object.keys(image.variables);
  return problemsOf(image, (text, known) => known && unknownReference(text, [...known, ...variables]));
}

/** Texts in which braces may be meant as such, but hold all but one letter of a known key. */
export function nearReferences(image: Image): Problem[] {
  const names = [...PATH_KEYS, ...Object.keys(image.variables)];
  return problemsOf(image, (text, known) => {
    if (known) return undefined;
    const keys = [...text.matchAll(/\{([a-z][a-z0-9_]*)\}/g)].map(([, key = '']) => key);
    const near = keys.flatMap((key) =>
      names.filter((name) => distance(key, name) === 1 && !names.includes(key)).map((name) => [key, name]),
    );
    return near[0] && `has {${near[0][0]}}, which stays as it is; if it is {${near[0][1]}}, correct it`;
  });
}

type Judge = (text: string, known: readonly string[] | undefined) => string | undefined;

/** What is wrong with the texts of an image that have braces. judge: gets a text, and the keys that its type may name. */
function problemsOf(image: Image, judge: Judge): Problem[] {
  const problems: Problem[] = [];
  // One array for the whole walk, since hardly any value has a problem.
  const path: string[] = [];
  const visit = (type: ZodMiniType, value: unknown): void => {
    if (typeof value === 'string') {
      if (!value.includes('{')) return;
      const message = judge(value, keysIn(innerType(type)));
      if (message) problems.push({ path: [...path], message });
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const { def } = innerType(type) as { def: { type: string } };
    for (const [key, item] of Object.entries(value)) {
      path.push(key);
      if (def.type === 'array') visit((def as core.$ZodArrayDef).element as ZodMiniType, item);
      if (def.type === 'record') {
        const { keyType, valueType } = def as core.$ZodRecordDef;
        visit(keyType as unknown as ZodMiniType, key);
        visit(valueType as ZodMiniType, item);
      }
      if (def.type === 'object') {
        const { shape } = def as core.$ZodObjectDef;
        if (Object.hasOwn(shape, key)) visit(shape[key] as ZodMiniType, item);
      }
      path.pop();
    }
  };
  visit(imageSchema, image);
  return problems;
}
