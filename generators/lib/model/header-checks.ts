/** Names of headers that are one and the same to HTTP. */

import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

export function checkHeaders({ vhosts }: Image): Problem[] {
  return Object.entries(vhosts).flatMap(([key, vhost]) => [
    ...ofPlace(['vhosts', key], vhost),
    ...Object.entries(vhost.locations).flatMap(([where, location]) =>
      ofPlace(['vhosts', key, 'locations', where], location),
    ),
  ]);
}

interface Place {
  add_header?: Record<string, string> | undefined;
  proxy_set_header?: Record<string, string> | undefined;
}

function ofPlace(path: string[], place: Place): Problem[] {
  return (['add_header', 'proxy_set_header'] as const).flatMap((field) => {
    const seen = new Map<string, string>();
    return Object.keys(place[field] ?? {}).flatMap((name) => {
      const other = seen.get(name.toLowerCase());
      seen.set(name.toLowerCase(), name);
      if (other === undefined) return [];
      return [{ path: [...path, field, name], message: `is the same header as ${other}; take one away with null` }];
    });
  });
}
