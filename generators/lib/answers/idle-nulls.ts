import { demo } from '../model/demo.ts';
import { isDict } from '../model/dict.ts';
import { type Intent, merge } from '../model/intent.ts';
import type { Problem } from '../model/problem.ts';

/**
 * Each null of a layer, where values are free in form, that takes nothing away: who wrote it means a value, and it would
 * vanish.
 * @param below what was said before
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
  const message = 'is null, which takes a key away, and there is none; leave it out, or give it a value such as ""';
  return Object.entries(tree).flatMap(([key, value]) => {
    const under = at(below, key);
    if (value === null) return under === undefined ? [{ path: [...path, key], message }] : [];
    return idle(value, under, [...path, key]);
  });
}
