import { UserError } from '../../errors.ts';
import type { Intent } from '../../model/intent.ts';
import type { Image } from '../../model/schema.ts';
import { nearest } from '../../text/nearest.ts';
import type { Kind } from './kinds.ts';

/** An entry of the model: where it is in the answers, and what messages call it. */
export interface Target {
  path: readonly string[];
  label: string;
}

/**
 * The entry that the words of a command line name.
 * @throws UserError (usage) for words that name no entry, or a vhost that does not exist
 */
export function targetOf({ verb, noun, words: expected }: Kind, words: readonly string[], image: Image): Target {
  const usage = `makina-image ${verb} ${expected}`;
  if (noun === 'location') {
    const paths = words.filter((word) => !isHost(word));
    const [vhost, ...more] = words.filter(isHost);
    if (paths.length !== 1 || more.length > 0)
      throw new UserError(`${verb} takes one path, such as /media/, after at most one vhost: ${usage}`);
    return locationAt(image, vhost, paths[0] as string);
  }
  const [name, ...more] = words;
  if (!name || more.length > 0) throw new UserError(`${verb} takes one name: ${usage}`);
  return { path: [`${noun}s`, name], label: `${noun} ${name}` };
}

/** A location, such as `/path`, `= /path`, `~ regex` or `@name`, starts with a character that no host name starts with. */
const isHost = (word: string) => /^[A-Za-z0-9_*]/.test(word);

/**
 * A location of a vhost.
 * @param vhost may be left out if there is only one
 * @throws UserError (usage) if there is no such vhost
 */
export function locationAt({ vhosts }: Image, vhost: string | undefined, path: string): Target {
  const names = Object.keys(vhosts);
  const name = vhost ?? (names.length === 1 ? (names[0] as string) : undefined);
  if (name === undefined)
    throw new UserError(
      names.length === 0
        ? 'there is no vhost yet; add one with makina-image nginx-vhost DOMAIN'
        : `which vhost? ${names.join(', ')}: name one`,
    );
  if (!Object.hasOwn(vhosts, name))
    throw new UserError(
      `there is no vhost ${name}${nearest(name, names)}; add it with makina-image nginx-vhost ${name}`,
    );
  return { path: ['vhosts', name, 'locations', path], label: `location ${path} of ${name}` };
}

/** What is at a path of a tree, undefined if nothing is. */
export function at(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, key) =>
      typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? (node as Intent)[key] : undefined,
    tree,
  );
}

/** A tree with nothing in it but a value at a path. */
export function put(path: readonly string[], value: unknown): Intent {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Intent;
}
