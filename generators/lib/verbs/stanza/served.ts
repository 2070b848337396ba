import { UserError } from '../../errors.ts';
import { isDict } from '../../model/dict.ts';
import { type Intent, merge } from '../../model/intent.ts';
import type { Image } from '../../model/schema.ts';
import { at, locationAt, put, type Target } from './target.ts';

/** What a program brings beside itself: the upstream that follows it, and the locations that pass to that. */
export interface Served {
  change: Intent;
  parts: readonly string[];
}

/**
 * The upstream and the location that let nginx pass a path to a program.
 * @throws UserError (usage) if something else is there under one of their names
 */
export function serve(image: Image, program: string, path: string, vhost: string | undefined): Served {
  const location = locationAt(image, vhost, path);
  const upstream: Target = { path: ['upstreams', program], label: `upstream ${program}` };
  const wanted: [Target, Intent][] = [
    [upstream, { program }],
    [location, { proxy_pass: `http://${program}` }],
  ];
  for (const [{ path, label }, fields] of wanted) {
    const there = at(image, path);
    const isOther = Object.entries(fields).some(([key, value]) => at(there, [key]) !== value);
    if (there !== undefined && isOther)
      throw new UserError(`${label} already exists and is different; remove or change it first`);
  }
  const missing = wanted.filter(([{ path }]) => at(image, path) === undefined);
  return {
    change: missing.map(([{ path }, fields]) => put(path, fields)).reduce((lower, upper) => merge(lower, upper), {}),
    parts: missing.map(([{ label }]) => label),
  };
}

/** What goes with a program: the upstreams that follow it, and the locations that pass to these. */
export function servedBy(image: Image, program: string): Target[] {
  const upstreams = Object.keys(dictAt(image, ['upstreams'])).filter(
    (name) => at(image, ['upstreams', name, 'program']) === program,
  );
  const locations = Object.keys(image.vhosts).flatMap((vhost) =>
    Object.entries(dictAt(image, ['vhosts', vhost, 'locations']))
      .filter(([, location]) => upstreams.some((name) => passesTo(location, name)))
      .map(([path]) => locationAt(image, vhost, path)),
  );
  return [...upstreams.map((name) => ({ path: ['upstreams', name], label: `upstream ${name}` })), ...locations];
}

/** Whether one of `proxy_pass`, `uwsgi_pass` ... names an upstream. */
function passesTo(location: unknown, upstream: string): boolean {
  return Object.entries(isDict(location) ? location : {}).some(
    ([key, value]) =>
      key.endsWith('_pass') &&
      String(value)
        .replace(/^[a-z]+:\/\//, '')
        .replace(/\/.*/, '')
        .toLowerCase() === upstream,
  );
}

function dictAt(image: Image, path: string[]): Intent {
  const value = at(image, path);
  return isDict(value) ? value : {};
}
