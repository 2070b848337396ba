/** What is probably not meant, and cannot be refused: only the build knows what packages and own steps make. */

import { DEBIAN_GROUPS, DEBIAN_USERS } from './account-checks.ts';
import { plainSecrets } from './plain-secrets.ts';
import type { Problem } from './problem.ts';
import { nearReferences } from './references.ts';
import type { Image } from './schema.ts';

/** What a person should know of an image that can be built. */
export function warningsOf(image: Image): Problem[] {
  return [
    ...anyProxy(image),
    ...unknownAccounts(image),
    ...deadPort(image),
    ...samePort(image),
    ...nearReferences(image),
    ...plainSecrets(image),
  ];
}

/** compose.yaml and the README publish port 80. */
function deadPort({ vhosts, programs, publish }: Image): Problem[] {
  const served = Object.values(vhosts).map(({ listen }) => listen);
  const own = Object.values(programs).map(({ port }) => port);
  if (served.length === 0 || served.includes(80) || own.includes(80)) return [];
  const message = `leads from port ${publish} of the host to port 80, on which no vhost and no program listens: let one listen there, or correct compose.yaml`;
  return [{ path: ['publish'], message }];
}

/** Whoever is trusted can say that it is anyone. */
function anyProxy({ trusted_proxies }: Image): Problem[] {
  return trusted_proxies.flatMap((network, index) =>
    /\/0+$/.test(network) ? [{ path: ['trusted_proxies', String(index)], message: `trusts everybody: ${ANYONE}` }] : [],
  );
}

const ANYONE =
  'any client can then choose the address and the host that it seems to have; name the addresses of your proxies';

/** A port that a program only has in its environment may be one that it connects to, not one that it listens on. */
function samePort({ programs }: Image): Problem[] {
  return Object.entries(programs).flatMap(([name, { port, env }]) => {
    const value = env.PORT;
    const other = Object.entries(programs).find(([key, { port }]) => key !== name && String(port) === value);
    if (port !== undefined || value === undefined || !other) return [];
    const message = `is the port of programs.${other[0]} too: only one of them can listen on it`;
    return [{ path: ['programs', name, 'env', 'PORT'], message }];
  });
}

/** Users and groups that neither Debian nor the project makes: the build refuses them if nothing else does. */
function unknownAccounts(image: Image): Problem[] {
  const { name } = image;
  const users = new Set([...DEBIAN_USERS, ...Object.keys(image.users)]);
  const groups = new Set([...DEBIAN_GROUPS, ...Object.keys(image.groups)]);
  const found = new Map<string, Problem>();
  const check = (path: string[], account: string, known: ReadonlySet<string>, own: string) => {
    if (known.has(account) || account === own || account.startsWith('{')) return;
    const kind = known === users ? 'user' : 'group';
    const message = `is the ${kind} ${account}, which a package or a step of yours must make: the build stops without it`;
    if (!found.has(`${kind} ${account}`)) found.set(`${kind} ${account}`, { path, message });
  };
  for (const kind of ['programs', 'crons', 'configs', 'downloads', 'directories'] as const)
    for (const [key, entry] of Object.entries(image[kind])) {
      check([kind, key, 'user'], entry.user, users, `${name}-user`);
      check([kind, key, 'group'], entry.group, groups, `${name}-grp`);
    }
  for (const [key, { owner, group }] of Object.entries(image.seeds)) {
    check(['seeds', key, 'owner'], owner, users, `${name}-user`);
    check(['seeds', key, 'group'], group, groups, `${name}-grp`);
  }
  for (const [key, { groups: also }] of Object.entries(image.users))
    for (const [index, group] of also.entries())
      check(['users', key, 'groups', String(index)], group, groups, `${name}-grp`);
  return [...found.values()];
}
