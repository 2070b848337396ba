/** nginx's variables: its own ones, and those of an image. The launcher's nginx_variables.py says the same. */

import { distance } from '../text/nearest.ts';
import { type Directive, directivesOf, isBalancedRegex, withoutLiterals } from './nginx-snippet.ts';
import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

type Vhost = Image['vhosts'][string];

/** Those with a name of their own; and those that are named after an argument, a cookie or a header. */
export const NAMES =
  'args body_bytes_sent bytes_sent connection connection_requests content_length content_type date_gmt date_local document_root document_uri fastcgi_path_info fastcgi_script_name host hostname https is_args limit_rate msec nginx_version pid proxy_add_x_forwarded_for proxy_host proxy_port query_string realip_remote_addr realpath_root remote_addr remote_port remote_user request request_body request_completion request_filename request_id request_length request_method request_time request_uri scheme server_addr server_name server_port server_protocol ssl_cipher ssl_client_verify ssl_protocol ssl_server_name status time_iso8601 time_local upstream_addr upstream_status uri'.split(
    ' ',
  );
export const NAMED_AFTER =
  /^(arg|cookie|http|sent_http|sent_trailer|upstream_http|upstream_cookie|upstream_trailer)_[a-z0-9_]+$/;
/** What our own nginx.conf makes. */
const OURS = /^(mc_.*|content_type_options|referrer_policy|connection_upgrade|client_port)$/;

export const isOfNginx = (name: string) => NAMES.includes(name) || NAMED_AFTER.test(name);

/** Variables that nothing makes where they are used, and names that one cannot have. */
export function checkNginxVariables(image: Image): Problem[] {
  const { vhosts, maps, geos } = image;
  const inRaw = Object.entries(vhosts).flatMap(([key, { raw_http = '' }]) =>
    madeBy(directivesOf(raw_http, '') ?? [], /^(map|geo|split_clients)$/).map((name): [string, string] => [name, key]),
  );
  const http = [...Object.keys(maps), ...Object.keys(geos), ...inRaw.map(([name]) => name)];
  return [
    ...checkTables(image, new Map(inRaw), http),
    ...Object.entries(vhosts).flatMap(([key, vhost]) => [
      ...checkGroups(key, vhost, http),
      ...checkVhost(['vhosts', key], vhost, http),
    ]),
  ];
}

/** A group of a regular expression takes the place of a variable of the same name, in all of nginx. */
function checkGroups(key: string, { domain, aliases, rewrite, locations }: Vhost, http: string[]): Problem[] {
  const path = ['vhosts', key];
  const rewrites = (at: string[], lines: string[] = []) =>
    lines.map((line, index): [string[], string] => [[...at, 'rewrite', String(index)], line.split(' ')[0] as string]);
  const regexes: [string[], string][] = [
    [[...path, 'domain'], domain ?? key],
    ...aliases.map((alias, index): [string[], string] => [[...path, 'aliases', String(index)], alias]),
    ...rewrites(path, rewrite),
    ...Object.entries(locations).flatMap(([where, location]): [string[], string][] => {
      const at = [...path, 'locations', where];
      return [...(where.startsWith('~') ? [[at, where] as [string[], string]] : []), ...rewrites(at, location.rewrite)];
    }),
  ];
  return regexes.flatMap(([at, regex]) => takenGroup(at, regex, http));
}

function takenGroup(path: string[], regex: string, http: string[]): Problem[] {
  const name = capturesOf(regex).find((one) => isOfNginx(one) || OURS.test(one) || http.includes(one));
  if (name === undefined) return [];
  const message = `has a group with the name of a variable that is there already, $${name}; choose another one`;
  return [{ path, message }];
}

function checkVhost(path: string[], vhost: Vhost, http: string[]): Problem[] {
  const inVhost = [...http, ...[vhost.domain ?? '', ...vhost.aliases].flatMap(capturesOf), ...madeIn(vhost)];
  return [
    ...unknown(path, vhost, inVhost),
    ...Object.entries(vhost.locations).flatMap(([where, location]) => {
      const captures = where.startsWith('~') ? capturesOf(where) : [];
      return unknown([...path, 'locations', where], location, [...inVhost, ...captures, ...madeIn(location)]);
    }),
  ];
}

/** What a virtual host or a location makes by itself. */
function madeIn({ raw = '', rewrite = [] }: Pick<Vhost, 'raw' | 'rewrite'>): string[] {
  return [
    ...madeBy(directivesOf(raw, '') ?? [], /^(set|auth_request_set)$/),
    ...rewrite.flatMap((line) => capturesOf(line.split(' ')[0] as string)),
  ];
}

function madeBy(directives: Directive[], names: RegExp): string[] {
  return directives.flatMap(({ name, args, block = [] }) => {
    const made = names.test(name) ? (name.endsWith('set') ? args[0] : args.at(-1)) : undefined;
    return [...(made ? [made.replace(/^\$/, '')] : []), ...(name === 'if' ? madeBy(block, names) : [])];
  });
}

/** The names of the groups of a regular expression. */
export function capturesOf(regex: string): string[] {
  return [...withoutLiterals(regex).matchAll(/\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/g)].map(
    ([, one, other]) => one ?? other ?? '',
  );
}

type Texts = { [Field in 'auth_basic' | 'return']?: string | undefined } & {
  [Field in 'add_header' | 'proxy_set_header' | 'fastcgi_param' | 'uwsgi_param']?: Record<string, string> | undefined;
} & { [Field in 'try_files' | 'rewrite']?: string[] | undefined };

function unknown(path: string[], place: Texts, known: string[]): Problem[] {
  const { auth_basic = '', return: answer = '', try_files = [], rewrite = [] } = place;
  const texts: [string[], string][] = [
    [['auth_basic'], auth_basic],
    [['return'], answer],
    ...try_files.map((text, index): [string[], string] => [['try_files', String(index)], text]),
    ...rewrite.map((line, index): [string[], string] => [['rewrite', String(index)], line.split(' ')[1] ?? '']),
    ...(['add_header', 'proxy_set_header', 'fastcgi_param', 'uwsgi_param'] as const).flatMap((field) =>
      Object.entries(place[field] ?? {}).map(([key, text]): [string[], string] => [[field, key], text]),
    ),
  ];
  return texts.flatMap(([at, text]) => unknownIn([...path, ...at], text, known));
}

function unknownIn(path: string[], text: string, known: string[]): Problem[] {
  const names = [...text.matchAll(/\$(?:\{(\w+)\}|([A-Za-z_]\w*))/g)].map(([, braced, plain]) => braced ?? plain ?? '');
  const name = names.find((one) => !isOfNginx(one) && !known.includes(one));
  if (name === undefined) return [];
  const own = [...new Set(known)].sort().map((one) => `$${one}, `);
  const near = [...NAMES].sort((a, b) => distance(name, a) - distance(name, b)).slice(0, 3);
  const message = `has the unknown variable $${name}; known here are ${own.join('')}and those of nginx, such as ${near.map((one) => `$${one}`).join(', ')}`;
  return [{ path, message: own.length > 0 ? message : message.replace('are and', 'are') }];
}

function checkTables({ maps, geos }: Image, inRaw: Map<string, string>, http: string[]): Problem[] {
  const nameOf = (kind: string, name: string): Problem[] => {
    const path = [kind, name];
    if (isOfNginx(name) || OURS.test(name))
      return [{ path, message: `has the name of a variable that is there already, $${name}; choose another one` }];
    if (kind === 'geos' && maps[name]) return [{ path, message: `makes $${name}, as maps does; choose another name` }];
    const other = inRaw.get(name);
    return other === undefined
      ? []
      : [{ path, message: `makes $${name}, as raw_http of ${other} does; take one of them away` }];
  };
  return [
    ...Object.entries(maps).flatMap(([name, { string, values }]) => {
      const at = ['maps', name, 'values'];
      const keys = Object.keys(values).filter((key) => values[key] !== null);
      const captures = keys.filter((key) => key.startsWith('~')).flatMap(capturesOf);
      const others = http.filter((one) => one !== name);
      return [
        ...nameOf('maps', name),
        ...unknownIn(['maps', name, 'string'], string, others),
        ...keys.flatMap((key) => unknownIn([...at, key], values[key] as string, [...others, ...captures])),
        ...keys.flatMap((key) => (key.startsWith('~') ? takenGroup([...at, key], key, http) : [])),
        ...keys.flatMap((key, index): Problem[] => {
          const other = keys.slice(0, index).find((one) => one.toLowerCase() === key.toLowerCase());
          if (key.startsWith('~'))
            return isBalancedRegex(key)
              ? []
              : [{ path: [...at, key], message: 'must have balanced ( ) and [ ], and no backslash at its end' }];
          return other === undefined ? [] : [{ path: [...at, key], message: `is the same to nginx as ${other}` }];
        }),
      ];
    }),
    ...Object.keys(geos).flatMap((name) => nameOf('geos', name)),
    ...Object.entries(geos).flatMap(([name, { address = '' }]) => unknownIn(['geos', name, 'address'], address, http)),
  ];
}
