/** What nginx would take without a word, and not do: names that stand twice, pages with the wrong status. */

import type { Problem } from './intent.ts';
import type { Image } from './schema.ts';

type Vhosts = Image['vhosts'];

export function checkNames({ vhosts }: Image): Problem[] {
  return [...checkDomains(vhosts), ...Object.entries(vhosts).flatMap(([key, vhost]) => checkPages(key, vhost))];
}

/** Of two servers with one name on one port the second never answers. */
function checkDomains(vhosts: Vhosts): Problem[] {
  const taken = new Map<string, string>();
  return Object.entries(vhosts).flatMap(([key, vhost]) => {
    const ports = (vhost.ssl_cert ?? vhost.ssl_certificate) ? [vhost.listen, vhost.ssl_listen] : [vhost.listen];
    const domain = vhost.domain ?? key;
    const names: [string, string][] = [
      ['domain', domain],
      ...vhost.aliases.map((alias): [string, string] => ['aliases', alias]),
    ];
    const problems = names.flatMap(([field, name]): Problem[] => {
      const other = ports.map((port) => taken.get(`${port} ${name.toLowerCase()}`)).find(Boolean);
      const path = field === 'domain' && vhost.domain === undefined ? ['vhosts', key] : ['vhosts', key, field];
      if (other)
        return [{ path, message: `has ${name}, which ${other} answers for on the same port; take it away from one` }];
      if (field === 'aliases' && vhost.redirect_aliases && name.toLowerCase() === domain.toLowerCase())
        return [{ path, message: `has the domain itself, ${name}, which cannot be sent on to itself; take it away` }];
      return [];
    });
    for (const [, name] of names) for (const port of ports) taken.set(`${port} ${name.toLowerCase()}`, key);
    return problems;
  });
}

/** A program behind an error page that is to answer in its own right. */
function checkPages(key: string, vhost: Vhosts[string]): Problem[] {
  const path = ['vhosts', key];
  const places = [
    { path, pages: vhost.error_page },
    ...Object.entries(vhost.locations).map(([where, { error_page }]) => ({
      path: [...path, 'locations', where],
      pages: error_page,
    })),
  ];
  return places.flatMap(({ path, pages = {} }) =>
    Object.entries(pages).flatMap(([codes, page]): Problem[] => {
      const code = codes.split(' ').find((code) => code.startsWith('4'));
      const { proxy_pass, fastcgi_pass, uwsgi_pass } = vhost.locations[page] ?? {};
      if (code === undefined || (proxy_pass ?? fastcgi_pass ?? uwsgi_pass) === undefined) return [];
      const message = `keeps the status ${code} on every page of ${page}; write "= ${page}" for the status of the program, or "=${code} ${page}"`;
      return [{ path: [...path, 'error_page', codes], message }];
    }),
  );
}
