/** What no single field shows: whether the parts of an image fit together. */

import { checkAccounts } from './account-checks.ts';
import { checkBuild } from './build-checks.ts';
import { checkCommands } from './command-checks.ts';
import { checkHeaders } from './header-checks.ts';
import { checkAccess } from './nginx-access.ts';
import { checkNames } from './nginx-names.ts';
import { isBalancedRegex } from './nginx-snippet.ts';
import { checkNginxVariables } from './nginx-variables.ts';
import { checkPaths, wrongSource } from './path-checks.ts';
import type { Problem } from './problem.ts';
import { checkPrograms, checkReaders } from './program-checks.ts';
import { checkReferences } from './references.ts';
import { CLIMBS, staysBelow } from './rewrites.ts';
import type { Image } from './schema.ts';
import { checkSecrets } from './secret-checks.ts';
import { checkServices } from './service-checks.ts';
import { checkSockets } from './socket-checks.ts';
import { checkVariables, withVariables } from './variables.ts';
import { checkWaits } from './wait-checks.ts';

/** Everything in an image that does not fit together. */
export function checkImage(given: Image): Problem[] {
  const image = withVariables(given);
  return [
    ...checkVariables(given),
    ...checkReferences(given),
    ...checkPrograms(image),
    ...checkReaders(image),
    ...checkCommands(image),
    ...checkWaits(image),
    ...checkSockets(image),
    ...checkSeeds(image),
    ...checkVolumes(image),
    ...checkSecrets(image),
    ...checkServices(image),
    ...checkPaths(image),
    ...checkKeys(image),
    ...checkVhosts(image),
    ...checkAccess(image.vhosts),
    ...checkNames(image),
    ...checkNginxVariables(image),
    ...checkUpstreams(image),
    ...checkHeaders(image),
    ...checkBuild(image),
    ...checkAccounts(image),
  ];
}

function checkSeeds(image: Image): Problem[] {
  return Object.entries(image.seeds).flatMap(([name, { source, target, mode }]) => {
    const at = ['seeds', name];
    const problems: Problem[] = [];
    const wrong = source === undefined ? undefined : wrongSource(source, image);
    if (wrong) problems.push({ path: [...at, 'source'], message: wrong });
    if (source === undefined && mode === 'keep')
      problems.push({ path: [...at, 'mode'], message: 'cannot be keep without a source; give it one, or a mode' });
    if (target.startsWith('/') && !isIn(image.volumes, target))
      problems.push({ path: [...at, 'target'], message: 'must be relative to data/ or lie below one of `volumes`' });
    return problems;
  });
}

const isIn = (folders: readonly string[], path: string) =>
  folders.some((folder) => path.startsWith(`${folder.replace(/\/+$/, '')}/`));

/** Folders that a volume must not be, lie in or hold. */
const OURS = ['/dev', '/etc/makina-projects', '/proc', '/srv/apps', '/srv/makina-states', '/srv/projects', '/sys'];
/** Folders that a volume may lie in. */
const SYSTEM = ['/bin', '/etc', '/home', '/lib', '/root', '/run', '/sbin', '/usr', '/var'];

function checkVolumes({ volumes }: Image): Problem[] {
  const plain = volumes.map((volume) => volume.replace(/\/+$/, ''));
  return plain.flatMap((volume, index) => {
    const path = ['volumes', String(index)];
    const holds = (folder: string) => `${folder}/`.startsWith(`${volume}/`);
    const taken = OURS.find((folder) => holds(folder) || volume.startsWith(`${folder}/`)) ?? SYSTEM.find(holds);
    if (taken) return [{ path, message: `must not be in the way of ${taken}` }];
    return plain.indexOf(volume) === index ? [] : [{ path, message: 'is named twice' }];
  });
}

function checkKeys({ apt_repositories, virtualenvs }: Image): Problem[] {
  return [
    ...Object.entries(apt_repositories).flatMap(([name, { key, key_file }]) =>
      (key === undefined) === (key_file === undefined)
        ? [{ path: ['apt_repositories', name], message: 'must have one of key and key_file' }]
        : [],
    ),
    ...Object.entries(virtualenvs).flatMap(([name, { requirements, packages }]) =>
      requirements === undefined && packages.length === 0
        ? [{ path: ['virtualenvs', name], message: 'must have requirements or packages' }]
        : [],
    ),
  ];
}

function checkVhosts({ vhosts }: Image): Problem[] {
  const plain = new Map(Object.entries(vhosts).map(([key, { listen }]) => [listen, key]));
  return [
    ...checkDefaultServers(vhosts),
    ...Object.entries(vhosts).flatMap(([key, vhost]) => checkVhost(key, vhost, plain)),
  ];
}

/** nginx refuses a second one on the same port. */
function checkDefaultServers(vhosts: Image['vhosts']): Problem[] {
  const taken = new Map<number, string>();
  return Object.entries(vhosts).flatMap(([key, vhost]) => {
    if (!vhost.default_server) return [];
    const ports = isSecure(vhost) ? [vhost.listen, vhost.ssl_listen] : [vhost.listen];
    const port = ports.find((port) => taken.has(port));
    if (port === undefined) {
      for (const port of ports) taken.set(port, key);
      return [];
    }
    const other = taken.get(port);
    const message = `is the second one on port ${port}, after ${other}; take one away, or ${other} itself with null`;
    return [{ path: ['vhosts', key, 'default_server'], message }];
  });
}

const isSecure = ({ ssl_cert, ssl_certificate }: Image['vhosts'][string]) =>
  (ssl_cert ?? ssl_certificate) !== undefined;

const BALANCED = 'must have balanced ( ) and [ ], and no backslash at its end';

/** @param plain which vhost listens on a port without TLS */
function checkVhost(key: string, vhost: Image['vhosts'][string], plain: Map<number, string>): Problem[] {
  const path = ['vhosts', key];
  const problems: Problem[] = [];
  const pair = (one: unknown, other: unknown) => (one === undefined) !== (other === undefined);
  if (pair(vhost.ssl_certificate, vhost.ssl_certificate_key))
    problems.push({ path, message: 'must have both of ssl_certificate and ssl_certificate_key, or none' });
  if (pair(vhost.ssl_cert, vhost.ssl_key))
    problems.push({ path, message: 'must have both of ssl_cert and ssl_key, or none' });
  if (vhost.ssl_certificate !== undefined && vhost.ssl_cert !== undefined)
    problems.push({ path, message: 'has ssl_certificate and ssl_cert; take one away with null' });
  if (vhost.listen === vhost.ssl_listen)
    problems.push({ path: [...path, 'ssl_listen'], message: 'must not be the port of `listen`' });
  else if (isSecure(vhost) && plain.has(vhost.ssl_listen))
    problems.push({
      path: [...path, 'ssl_listen'],
      message: `must not be the port of \`listen\` of ${plain.get(vhost.ssl_listen)}: nginx speaks https on all of a port or on none`,
    });
  const prefixes = new Set(Object.keys(vhost.locations));
  for (const where of prefixes)
    if (where.startsWith('~') && !isBalancedRegex(where))
      problems.push({
        path: [...path, 'locations', where],
        message: BALANCED,
      });
  for (const where of prefixes)
    if (where.startsWith('^~ ') && prefixes.has(where.slice(3)))
      problems.push({
        path: [...path, 'locations', where],
        message: `is the same to nginx as ${where.slice(3)}; take one away with null`,
      });
  const locations = Object.entries(vhost.locations).flatMap(([where, location]) => [
    ...checkLocation([...path, 'locations', where], where, location),
    ...checkRewrites([...path, 'locations', where], location),
  ]);
  return [...problems, ...checkRewrites(path, vhost), ...locations];
}

function checkRewrites(path: string[], { rewrite = [] }: Pick<Location, 'rewrite'>): Problem[] {
  return rewrite.flatMap((line, index) => {
    const message = isBalancedRegex(line.split(' ')[0] as string) ? CLIMBS : BALANCED;
    return message === CLIMBS && staysBelow(line) ? [] : [{ path: [...path, 'rewrite', String(index)], message }];
  });
}

/** What answers a request in a location; there is one at most. */
const HANDLERS = ['proxy_pass', 'alias', 'fastcgi_pass', 'uwsgi_pass', 'return'] as const;
type Location = Image['vhosts'][string]['locations'][string];

function checkLocation(path: string[], where: string, location: Location): Problem[] {
  const problems: Problem[] = [];
  const handlers = HANDLERS.filter((handler) => location[handler] !== undefined);
  if (Object.keys(location).length === 0)
    problems.push({ path, message: `says nothing; give it ${HANDLERS.join(', ')} or root` });
  if (handlers.length > 1)
    problems.push({ path, message: `has ${handlers.join(' and ')}; take all but one away with null` });
  if (location.return !== undefined && location.try_files !== undefined)
    problems.push({ path, message: 'has return, which answers everything, and try_files; take one away with null' });
  if (location.alias !== undefined && location.root !== undefined)
    problems.push({ path, message: 'has alias and root; take one away with null' });
  if (/^[@~]/.test(where) && /^https?:\/\/(unix:[^:]+:.|(?!unix:)[^/]+\/)/.test(location.proxy_pass ?? ''))
    problems.push({
      path: [...path, 'proxy_pass'],
      message: 'must have no path in a named location or a regular expression',
    });
  if (where.startsWith('@') && location.alias !== undefined)
    problems.push({ path: [...path, 'alias'], message: 'cannot be used in a named location; use root' });
  return problems;
}

function checkUpstreams({ upstreams, programs }: Image): Problem[] {
  return Object.entries(upstreams).flatMap(([name, { servers, program, method }]) => {
    const path = ['upstreams', name];
    const backups = servers.filter((server) => server.includes(' backup')).length;
    if (backups > 0 && (method === 'ip_hash' || method === 'random'))
      return [{ path: [...path, 'servers'], message: `cannot have a backup with the method ${method}` }];
    if (backups > 0 && backups === servers.length && program === undefined)
      return [{ path: [...path, 'servers'], message: 'must have one that is no backup' }];
    if (program === undefined) return servers.length > 0 ? [] : [{ path, message: 'must have servers or a program' }];
    if (!programs[program]) return [{ path: [...path, 'program'], message: `there is no program ${program}` }];
    const { port, socket } = programs[program];
    if (port !== undefined || socket !== undefined) return [];
    return [{ path: [...path, 'program'], message: `names ${program}, which has no port and no socket` }];
  });
}
