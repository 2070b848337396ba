/** What nginx accepts without an error and does not do: names that appear twice, pages with the wrong status. */

import { isBalancedRegex, withoutLiterals } from './nginx-snippet.ts';
import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

type Vhosts = Image['vhosts'];

export function checkNames({ vhosts, upstreams }: Image): Problem[] {
  return [
    ...checkDomains(vhosts),
    ...Object.entries(vhosts).flatMap(([key, vhost]) => checkRegexNames(key, vhost)),
    ...Object.entries(vhosts).flatMap(([key, vhost]) => checkPages(key, vhost)),
    ...checkServers(upstreams),
    ...Object.entries(vhosts).flatMap(([key, vhost]) => checkBackends(key, vhost, upstreams)),
  ];
}

/** nginx looks the names of an upstream up once, when it starts. */
function checkServers(upstreams: Image['upstreams']): Problem[] {
  return Object.entries(upstreams).flatMap(([name, { servers }]) => {
    const named = servers.find((server) => !/^(unix:|\[|[0-9.]+:|localhost:)|[{}]/.test(server))?.split(' ')[0];
    const message = `has the name ${named}, which nginx would look up once, when it starts; write an address, or pass requests to the name itself, without an upstream`;
    return named === undefined ? [] : [{ path: ['upstreams', name, 'servers'], message }];
  });
}

/** Names that a request looks up: what nginx cannot do with one. */
function checkBackends(key: string, vhost: Vhosts[string], upstreams: Image['upstreams']): Problem[] {
  return Object.entries(vhost.locations).flatMap(([where, location]) => {
    const path = ['vhosts', key, 'locations', where];
    const problems: Problem[] = [];
    for (const field of ['fastcgi_pass', 'uwsgi_pass'] as const) {
      const server = location[field] ?? '';
      if (/^[A-Za-z0-9_.-]+$/.test(server) && !upstreams[server])
        problems.push({ path: [...path, field], message: `names no upstream; give ${server} a port` });
    }
    const [, host = '', target = ''] =
      /^https?:\/\/([A-Za-z0-9_.-]+)(?::[0-9]+)?(\/.*)?$/.exec(location.proxy_pass ?? '') ?? [];
    if (target.includes('%') && /[A-Za-z_-]/.test(host) && host !== 'localhost' && !upstreams[host])
      problems.push({ path: [...path, 'proxy_pass'], message: 'must have no % in its path where the host is a name' });
    return problems;
  });
}

/** Names that are regular expressions. */
function checkRegexNames(key: string, { domain = key, aliases, redirect_aliases }: Vhosts[string]): Problem[] {
  const path = ['vhosts', key];
  const names: [string[], string][] = [
    [[...path, 'domain'], domain],
    ...aliases.map((alias, index): [string[], string] => [[...path, 'aliases', String(index)], alias]),
  ];
  return names.flatMap(([path, name]): Problem[] => {
    if (!name.startsWith('~')) return [];
    if (!isBalancedRegex(name))
      return [{ path, message: 'must have balanced ( ) and [ ], and no backslash at its end' }];
    if (/\((?!\?)/.test(withoutLiterals(name)))
      return [{ path, message: 'must have groups with names, such as (?<team>[a-z]+), or (?:...) without one' }];
    if (path.at(-1) === 'domain' && redirect_aliases)
      return [
        { path, message: 'cannot be a regular expression beside redirect_aliases: nothing can be sent on to it' },
      ];
    return [];
  });
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
