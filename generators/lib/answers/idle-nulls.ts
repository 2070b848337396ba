import { demo } from '../model/demo.ts';
import { isDict } from '../model/dict.ts';
import { type Intent, merge } from '../model/intent.ts';
import type { Problem } from '../model/problem.ts';

/**
 * Each null of a layer that removes nothing, in values of free form: its author means a value, which would be lost.
 * @param below the layers below
 */
export function idleNulls(layer: Intent, below: Intent): Problem[] {
  const whole = merge(layer.demo === false || below.demo === false ? {} : demo, below);
  const configs = isDict(layer.configs) ? layer.configs : {};
  return [
    ...idle(layer.app, whole.app, ['app']),
    ...Object.entries(configs).flatMap(([name, config]) =>
      idle(at(config, 'context'), at(at(whole.configs, name), 'context'), ['configs', name, 'context']),
    ),
  ];
}

const at = (tree: unknown, key: string) => (isDict(tree) && Object.hasOwn(tree, key) ? tree[key] : undefined);

function idle(tree: unknown, below: unknown, path: string[]): Problem[] {
  if (!isDict(tree)) return [];
  const message = 'is null, which removes a key, and there is none; leave it out, or give it a value such as ""';
  return Object.entries(tree).flatMap(([key, value]) => {
    const under = at(below, key);
    if (value === null) return under === undefined ? [{ path: [...path, key], message }] : [];
    return idle(value, under, [...path, key]);
  });
}
