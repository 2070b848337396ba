/** References such as {project_root} in paths and accounts: the known ones, and what they stand for. */

import type { core, ZodMiniType } from 'zod/mini';
import { distance } from '../text/nearest.ts';
import { innerType } from './fields.ts';
import type { Problem } from './problem.ts';
import { imageSchema } from './schema.ts';
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
  const known = values(name);
  return text.replace(/\{([^{}]*)\}/g, (whole, key) => known[key] ?? whole);
}

/** What is wrong with the references of a text, the nearest known key first; the launcher's references.py says the same. */
export function unknownReference(text: string, known: readonly string[]): string | undefined {
  // Only the inner ones would be replaced.
  const [nested] = /\{[^{}]*\{[^{}]*\}[^{}]*\}/.exec(text) ?? [];
  if (nested !== undefined) return `has ${nested}, a {key} within braces; take the outer braces away`;
  const key = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, key = '']) => key).find((key) => !known.includes(key));
  if (key === undefined) return undefined;
  const near = [...known].sort((a, b) => distance(key, a) - distance(key, b));
  return `has the unknown {${key}}; known are ${near.map((other) => `{${other}}`).join(', ')}`;
}

/** Every path and account of an image that names something unknown, the keys of dicts too. */
export function checkReferences(image: object): Problem[] {
  const problems: Problem[] = [];
  visit(imageSchema, image, [], problems);
  return problems;
}

/** @param path where `value` is; one array for the whole walk, since hardly any value has a problem */
function visit(type: ZodMiniType, value: unknown, path: string[], problems: Problem[]): void {
  if (typeof value === 'string') {
    if (!value.includes('{')) return;
    const inner = innerType(type);
    const known = keysIn(inner) ?? (/^(https?:\/\/)?unix:/.test(value) ? PATH_KEYS : undefined);
    const message = known && unknownReference(value, known);
    if (message) problems.push({ path: [...path], message });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const { def } = innerType(type) as { def: { type: string } };
  for (const [key, item] of Object.entries(value)) {
    path.push(key);
    if (def.type === 'array') visit((def as core.$ZodArrayDef).element as ZodMiniType, item, path, problems);
    if (def.type === 'record') {
      const { keyType, valueType } = def as core.$ZodRecordDef;
      visit(keyType as unknown as ZodMiniType, key, path, problems);
      visit(valueType as ZodMiniType, item, path, problems);
    }
    if (def.type === 'object') {
      const { shape } = def as core.$ZodObjectDef;
      if (Object.hasOwn(shape, key)) visit(shape[key] as ZodMiniType, item, path, problems);
    }
    path.pop();
  }
}
