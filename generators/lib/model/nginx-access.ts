/**
 * Whether the rules of access of virtual hosts hold. nginx asks for a password, an address or a subrequest after its rewrite
 * phase: what is answered there, or sent on from there, is answered to everyone. The launcher's nginx_access.py has the same rules.
 */

import { type Addresses, addressesOf, addressProblems } from './nginx-addresses.ts';
import { type Directive, directivesOf } from './nginx-snippet.ts';
import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

type Vhost = Image['vhosts'][string];
type Place = Vhost | Vhost['locations'][string];

/** What holds in a server or a location, with what it has from above. */
interface Scope {
  title: boolean;
  users: boolean;
  addresses: Addresses;
  /** Whether a subrequest or a module asks. */
  other: boolean;
  /** Where `auth_request` of above asks. */
  subrequest: string | undefined;
  limitsMethods: boolean;
  /** `satisfy any`: who one rule lets in is asked nothing else. */
  any: boolean;
  /** The error pages that count here, by the place that says them. */
  pages: Directive[];
  /** Whether nginx may refuse those who ask too often, and the statuses it has for them. */
  limited: boolean;
  busy: string[];
  server: boolean;
}

/** A named location: whether it answers by itself, and whether it has a rule of its own or from above. */
interface Named {
  answers: boolean;
  guarded: boolean;
}

const NOTHING: Scope = {
  title: false,
  users: false,
  addresses: addressesOf([]),
  other: false,
  subrequest: undefined,
  limitsMethods: false,
  any: false,
  pages: [],
  limited: false,
  busy: ['503'],
  server: false,
};
/** What nginx may answer before it asks who it is. */
const EARLY = /^(30[1-8]|400|408|411|413|414|421|429|431|49[4-7])$/;
const REDIRECT = /^30[12378]$/;
/** Directives that ask the client who it is; those with more underscores are their parameters. */
const ASKS = /^auth_(?!(basic|delay)$)[^_]+$|access_by/;
/** Files of nginx's own that only hold parameters. */
const PARAMETERS = /(^|\/)((fastcgi|uwsgi|scgi|proxy)_params|fastcgi\.conf|mime\.types)$/;

/** Rules of access that would not hold. */
export function checkAccess(vhosts: Image['vhosts']): Problem[] {
  const http = Object.values(vhosts).flatMap(({ raw_http = '' }) => directivesOf(raw_http, 'raw_http') ?? []);
  const above = inherit(NOTHING, http, false);
  return Object.entries(vhosts).flatMap(([key, vhost]) => {
    const path = ['vhosts', key];
    const own = directivesOf(vhost.raw_http ?? '', 'raw_http') ?? [];
    const servers = own.filter(({ name }) => name === 'server');
    const messages = [
      ...incomplete(above, own, path),
      ...servers.flatMap(({ block }) => ofServer(block ?? [], above, undefined, path)),
      ...ofServer(effective(vhost, vhost), above, vhost, path),
    ];
    return messages.filter(
      ({ path, message }, index) =>
        messages.findIndex((other) => other.message === message && other.path.join('\n') === path.join('\n')) === index,
    );
  });
}

/** The directives that a virtual host or a location comes to, as far as access is concerned. */
function effective(place: Place, vhost: Vhost): Directive[] {
  const untitled = place.auth_basic_users !== undefined && [undefined, 'off'].includes(vhost.auth_basic);
  const title = place.auth_basic ?? (untitled ? 'Restricted' : undefined);
  const found: Directive[] = [];
  const add = (field: string, name: string, ...args: string[]) => found.push({ name, args, field });
  if (title !== undefined) add(place.auth_basic === undefined ? 'auth_basic_users' : 'auth_basic', 'auth_basic', title);
  if (place.auth_basic_users) add('auth_basic_users', 'auth_basic_user_file', 'users');
  for (const key of ['allow', 'deny'] as const) for (const address of place[key] ?? []) add(key, key, address);
  for (const [codes, page] of Object.entries(place.error_page ?? {}))
    add('error_page', 'error_page', ...codes.split(' '), ...page.split(' '));
  if ('internal' in place && place.internal) add('internal', 'internal');
  if (place.root) add('root', 'root', place.root);
  for (const line of place.rewrite ?? []) add('rewrite', 'rewrite', ...line.split(' '));
  return [...found, ...(directivesOf(place.raw ?? '', 'raw') ?? [])];
}

/** nginx answers 404 for the dot files of a named location, as for what is internal. */
function hidden(where: string, location: Vhost['locations'][string], vhost: Vhost | undefined): Directive[] {
  const { proxy_pass, fastcgi_pass, uwsgi_pass, return: answer } = location;
  const servesFiles = location.root ?? (vhost?.root && !(proxy_pass ?? fastcgi_pass ?? uwsgi_pass ?? answer));
  return where.startsWith('@') && servesFiles ? [{ name: 'internal', args: [], field: 'root' }] : [];
}

function inherit(above: Scope, directives: Directive[], server: boolean): Scope {
  const own = (...names: string[]) => directives.filter(({ name }) => names.includes(name));
  const titles = own('auth_basic');
  const others = directives.filter(({ name }) => ASKS.test(name));
  const [satisfy] = own('satisfy');
  const [subrequest] = own('auth_request');
  const pages = own('error_page');
  return {
    title: titles.length > 0 ? titles.some(({ args }) => args[0] !== 'off') : above.title,
    users: above.users || own('auth_basic_user_file').length > 0,
    addresses: own('allow', 'deny').length > 0 ? addressesOf(directives) : above.addresses,
    other: others.length > 0 ? others.some(({ args }) => args[0] !== 'off') : above.other,
    subrequest: subrequest ? subrequest.args[0] : above.subrequest,
    limitsMethods: above.limitsMethods || own('limit_except').length > 0,
    any: satisfy ? satisfy.args[0] === 'any' : above.any,
    pages: pages.length > 0 ? pages : above.pages,
    limited: above.limited || own('limit_req', 'limit_conn').length > 0,
    busy: [...above.busy, ...own('limit_req_status', 'limit_conn_status').flatMap(({ args }) => args)],
    server,
  };
}

/** Whether there is a rule beside those of addresses. */
const asks = ({ title, users, other }: Scope) => (title && users) || other;

function isGuarded(scope: Scope): boolean {
  const { addresses, limitsMethods, any } = scope;
  return addresses.denied || limitsMethods || (asks(scope) && !(any && addresses.open));
}

/** @param vhost undefined for a server of `raw_http` */
function ofServer(directives: Directive[], above: Scope, vhost: Vhost | undefined, path: string[]): Problem[] {
  const scope = inherit(above, directives, true);
  const places = Object.entries(vhost?.locations ?? {}).map(([where, location]) => {
    const at = [...path, 'locations', where];
    return {
      where,
      location,
      at,
      directives: [...effective(location, vhost as Vhost), ...hidden(where, location, vhost)],
    };
  });
  const named = new Map<string, Named>(
    places.map(({ where, location, directives }) => {
      const guarded = isGuarded(inherit(scope, directives, false));
      return [where, { answers: location.return !== undefined, guarded }];
    }),
  );
  const open = places.filter(({ where }) => !named.get(where)?.guarded);
  const closed = places.filter(({ where }) => named.get(where)?.guarded && !where.startsWith('@'));
  const inside = [...places, ...nested(directives).map((block) => ({ where: '', at: path, directives: block }))];
  const anyGuarded = isGuarded(scope) || inside.some(({ directives }) => hasGuard(directives, scope));
  return [
    ...ofScope(directives, scope, anyGuarded, named, path),
    ...inside.flatMap(({ directives, at }) => ofLocation(directives, scope, named, at)),
    ...ofAliases(directives, path),
    ...open.flatMap((place) => ofBreaks(place, closed, directives)),
    ...ofSubrequests(
      scope,
      places.flatMap(({ where, directives }) => [where, ...locationsOf(directives)]).concat(locationsOf(directives)),
      [...directives, ...places.flatMap(({ directives }) => directives)],
      [...path, vhost ? 'locations' : 'raw_http'],
    ),
    ...ofRewrittenSubrequests(directives, [...directives, ...places.flatMap(({ directives }) => directives)], path),
    ...places.flatMap(({ where, location, directives, at }) => {
      const answered = location.return !== undefined && isGuarded(inherit(scope, directives, false));
      const holds = directives.some(({ name }) => name === 'location');
      const problems = ofAlias(where, directives, at);
      if (!answered || !holds) return problems;
      const message = 'cannot hold a location beside `return` and a rule of access; make it a location of its own';
      return [...problems, { path: [...at, 'raw'], message }];
    }),
  ];
}

/** A location as the check of its rewrites needs it. */
interface Served {
  where: string;
  location: Vhost['locations'][string];
  at: string[];
  directives: Directive[];
}

/** A location without a rule that goes on with the path of one that has a rule, and answers from the same place. */
function ofBreaks({ where, location, at, directives }: Served, closed: Served[], server: Directive[]): Problem[] {
  const own = sourceOf(where, location, directives, server);
  return namedDirectives('rewrite', directives).flatMap(({ args: [regex, target = '', flag], field }) => {
    const other = closed.find((one) => {
      const source = sourceOf(one.where, one.location, one.directives, server);
      return source && source.from === own?.from && mayReach(target, source.path);
    });
    // A `break` of its own ends the rewrites as the flag does.
    const stays = flag === 'break' || (flag === undefined && namedDirectives('break', directives).length > 0);
    if (!stays || !other) return [];
    const message = `has \`rewrite ${regex}\`, which stays here, without a rule of access, and may answer what ${other.where} keeps; write \`last\` instead of \`break\`, or give this location the rule`;
    return [{ path: [...at, field], message }];
  });
}

/** The directives of a name in a place, and in each `if` there. */
const namedDirectives = (name: string, directives: Directive[]): Directive[] =>
  directives.flatMap((one) => [
    ...(one.name === name ? [one] : []),
    ...(one.name === 'if' ? namedDirectives(name, one.block ?? []) : []),
  ]);

/** Where the answers of a location come from, and the location as it is named there. */
function sourceOf(where: string, location: Served['location'], directives: Directive[], server: Directive[]) {
  const pass = directives.find(({ name }) => /^(proxy|fastcgi|uwsgi|scgi|grpc)_pass$/.test(name))?.args[0];
  const passed = location.proxy_pass ?? location.fastcgi_pass ?? location.uwsgi_pass ?? pass;
  const [, host, path] = /^((?:https?:\/\/)?(?:unix:[^:]*:?|[^/]*))(\/.*)?$/.exec(passed ?? '') ?? [];
  if (passed !== undefined) return { from: `server ${host}`, path: path ?? where };
  const root = [...directives, ...server].find(({ name }) => name === 'root')?.args[0];
  return location.alias || location.return || root === undefined ? undefined : { from: `folder ${root}`, path: where };
}

/** Whether the replacement of a rewrite can be in a location. */
function mayReach(target: string, location: string): boolean {
  const [, modifier = '', pattern = ''] = /^(=|\^~|~\*|~|)\s*([\s\S]*)$/.exec(location) ?? [];
  const [start = '', ...variables] = target.replace(/\?[\s\S]*$/, '').split('$');
  const isOpen = variables.length > 0;
  if (modifier.startsWith('~')) return isOpen || matches(pattern, start, modifier);
  return (isOpen && pattern.startsWith(start)) || (modifier === '=' ? start === pattern : start.startsWith(pattern));
}

function ofLocation(directives: Directive[], above: Scope, named: Map<string, Named>, path: string[]): Problem[] {
  const scope = inherit(above, directives, false);
  return [
    ...ofScope(directives, scope, isGuarded(scope), named, path),
    ...ofLimit(directives, path),
    ...ofDeny(directives, above, path),
    ...nested(directives).flatMap((block) => ofLocation(block, scope, named, path)),
    ...ofAliases(directives, path),
  ];
}

/** The one rule that no location inside has from above. */
function ofLimit(directives: Directive[], path: string[]): Problem[] {
  const limit = directives.find(({ name }) => name === 'limit_except');
  if (!limit || nested(directives).every((block) => block.some(({ name }) => name === 'limit_except'))) return [];
  const message = 'has `limit_except`, which does not count in the locations inside; say it in each of them too';
  return [{ path: [...path, limit.field], message }];
}

/** Addresses of a location replace those from above, and nginx lets in who is not named. */
function ofDeny(directives: Directive[], above: Scope, path: string[]): Problem[] {
  const scope = inherit(above, directives, false);
  const deny = directives.find(({ name }) => name === 'deny');
  const { denied, closed } = scope.addresses;
  if (!above.addresses.closed || !deny || !denied || closed || (scope.any && asks(scope))) return [];
  const message =
    'replaces the rules from above, and lets in everybody else; add `all` and repeat who may come in, or say `allow: [all]`';
  return [{ path: [...path, deny.field], message }];
}

/** An `auth_request` that asks a location of another purpose: its answer lets in everybody. */
function ofSubrequests(scope: Scope, locations: string[], directives: Directive[], path: string[]): Problem[] {
  const asked = new Set([scope.subrequest ?? 'off', ...subrequestsOf(directives)]);
  return [...asked]
    .filter((uri) => uri !== 'off' && !hasOwn(locations, uri))
    .map((uri) => ({
      path,
      message: `must have \`= ${uri}\`, which \`auth_request ${uri}\` asks: another location would answer in its place, and let in everybody`,
    }));
}

/** nginx begins each request of its own with the rewrites of the server. */
function ofRewrittenSubrequests(server: Directive[], all: Directive[], path: string[]): Problem[] {
  const asked = new Set(subrequestsOf(all).filter((uri) => uri !== 'off'));
  return namedDirectives('rewrite', server).flatMap(({ args: [regex = ''], field }) =>
    [...asked]
      .filter((uri) => matches(regex, uri, '~'))
      .map((uri) => ({
        path: [...path, field],
        message: `has \`rewrite ${regex}\`, which nginx also does to what \`auth_request ${uri}\` asks: another location would answer in its place, and let in everybody; leave that path out, or move the rewrite into a location`,
      })),
  );
}

const subrequestsOf = (directives: Directive[]): string[] =>
  directives.flatMap(({ name, args, block = [] }) => [
    ...(name === 'auth_request' ? args.slice(0, 1) : []),
    ...subrequestsOf(block),
  ]);

const locationsOf = (directives: Directive[]): string[] =>
  directives.flatMap(({ name, args, block = [] }) => [
    ...(name === 'location' ? [args.join(' ')] : []),
    ...locationsOf(block),
  ]);

/** Whether one of the locations is for a path, as nginx chooses: not every path, and no other one that starts alike. */
function hasOwn(locations: string[], uri: string): boolean {
  const split = locations.map(
    (location) => /^(=|\^~|~\*|~|)\s*([\s\S]*)$/.exec(location)?.slice(1) as [string, string],
  );
  const isAbove = (pattern: string) =>
    pattern !== '/' && `${uri}/`.startsWith(pattern.endsWith('/') ? pattern : `${pattern}/`);
  if (split.some(([modifier, pattern]) => modifier === '=' && pattern === uri)) return true;
  const isTaken = split.some(([modifier, pattern]) => modifier.startsWith('~') && matches(pattern, uri, modifier));
  return split.some(
    ([modifier, pattern]) =>
      (modifier === '^~' || (modifier === '' && !isTaken)) && uri.startsWith(pattern) && isAbove(pattern),
  );
}

function matches(pattern: string, uri: string, modifier: string): boolean {
  try {
    return new RegExp(pattern, modifier === '~*' ? 'i' : '').test(uri);
  } catch {
    // JavaScript cannot read every expression of nginx.
    return true;
  }
}

const nested = (directives: Directive[]) =>
  directives.filter(({ name }) => name === 'location').map(({ block }) => block ?? []);

function hasGuard(directives: Directive[], above: Scope): boolean {
  const scope = inherit(above, directives, false);
  return isGuarded(scope) || nested(directives).some((block) => hasGuard(block, scope));
}

/** @param guarded whether a rule counts here, or, for a server, anywhere in it */
function ofScope(
  directives: Directive[],
  scope: Scope,
  guarded: boolean,
  named: Map<string, Named>,
  path: string[],
): Problem[] {
  const limits = directives.filter(({ name }) => name === 'limit_except').map(({ block }) => block ?? []);
  const problems = [
    ...incomplete(scope, directives, path),
    ...limits.flatMap((block) => incomplete(inherit(scope, block, false), block, path)),
  ];
  if (!guarded) return problems;
  const branches = directives.filter(({ name }) => name === 'if').map(({ block }) => block ?? []);
  return [
    ...problems,
    ...early(directives, scope, path),
    ...pages(scope, directives, named, path),
    ...branches.flatMap((block) => ofScope(block, inherit(scope, block, scope.server), true, named, path)),
  ];
}

/** Rules that ask no one. */
function incomplete(scope: Scope, directives: Directive[], path: string[]): Problem[] {
  const problems: Problem[] = [];
  const add = ({ field }: Directive, message: string) => problems.push({ path: [...path, field], message });
  const own = (name: string) => directives.find((directive) => directive.name === name);
  const [title, users] = [own('auth_basic'), own('auth_basic_user_file')];
  if (title && title.args[0] !== 'off' && !scope.users)
    add(title, 'asks for no password without auth_basic_users: give it some, here or in the virtual host');
  if (title?.args[0] === 'off' && users) add(title, 'is `off`, which lets everybody in beside auth_basic_users');
  if (title && mayBeOff(title.args[0] ?? ''))
    add(title, 'must have a letter of its own beside variables: a client could make it `off`');
  if (scope.any && asks(scope)) return [...problems, ...satisfied(scope, directives, path)];
  for (const [field, message] of addressProblems(directives)) problems.push({ path: [...path, field], message });
  return problems;
}

/** Where one rule is enough, those who are let in by their address are asked nothing. */
function satisfied({ addresses }: Scope, directives: Directive[], path: string[]): Problem[] {
  const asking = directives.find(
    ({ name, args }) =>
      (ASKS.test(name) || /^(satisfy|auth_basic|auth_basic_user_file)$/.test(name)) && args[0] !== 'off',
  );
  const allow = directives.find(({ name }) => name === 'allow');
  const [family] = addresses.openFamilies;
  // Alone in its place, `allow: [all]` says that the place is open.
  const chosen = allow && !addresses.open ? allow : asking;
  if (!family || !chosen) return [];
  const who = addresses.open ? 'everybody' : `everybody with ${family}`;
  const message = `asks no one: \`satisfy any\` lets in ${who}, as \`allow\` does; take one of them away`;
  return [{ path: [...path, chosen.field], message }];
}

const mayBeOff = (title: string) => title.includes('$') && /^[of]*$/i.test(title.replace(/\$(\{\w+\}|\w+)/g, ''));

/** What is answered, or sent elsewhere, before nginx asks. */
function early(directives: Directive[], scope: Scope, path: string[]): Problem[] {
  return directives.flatMap(({ name, args, field }): Problem[] => {
    const problem = (what: string) => [
      {
        path: [...path, field],
        message: `has ${what}, which nginx does before it asks who may come in; use the field \`return\` of a location, or take the rule of access away`,
      },
    ];
    if (name === 'return' && !isHarmless(args, scope)) return problem(`\`return ${args[0] ?? ''}\``);
    if (name === 'rewrite' && !isHarmlessRewrite(args, scope)) return problem(`\`rewrite ${args[0] ?? ''}\``);
    if (name === 'include' && !PARAMETERS.test(args[0] ?? ''))
      return [
        {
          path: [...path, field],
          message: `includes ${args[0]}, which no one checks, beside a rule of access; write its lines here`,
        },
      ];
    return [];
  });
}

/** Whether it gives nothing away: a bare refusal, or the way to another URL. */
function isHarmless([first = '', text]: string[], { pages }: Scope): boolean {
  const code = isUrl(first) ? '302' : first;
  if (pages.some(({ args }) => args.slice(0, -1).includes(code))) return /^40[13]$/.test(code) && text === undefined;
  return REDIRECT.test(code) || (/^[45][0-9]{2}$/.test(code) && text === undefined);
}

const isUrl = (text: string) => /^(https?:\/\/|\$scheme:\/\/)/.test(text);

function isHarmlessRewrite([, target = '', flag]: string[], scope: Scope): boolean {
  if (flag === 'redirect' || flag === 'permanent' || isUrl(target))
    return isHarmless([flag === 'permanent' ? '301' : '302', target], scope);
  return flag === 'break' || scope.server;
}

/** Error pages that a client without access would get. */
function pages(scope: Scope, directives: Directive[], named: Map<string, Named>, path: string[]): Problem[] {
  // Before it asks, nginx says 404 of what is internal and, as limit_except is not asked there, of dot files;
  // and refuses who asks too often.
  const isHidden = directives.some(({ name }) => name === 'internal' || name === 'limit_except');
  const isEarly = (code: string) =>
    EARLY.test(code) || (isHidden && code === '404') || (scope.limited && scope.busy.includes(code));
  return scope.pages.flatMap((page): Problem[] => {
    const { args, field } = page;
    const target = args.at(-1) ?? '';
    const equals = args.find((word) => word.startsWith('='));
    const codes = args.slice(0, -1).filter((word) => word !== equals);
    const to = named.get(target);
    const isOpen = target.startsWith('@') && !(to?.answers || to?.guarded);
    const refused = codes.find((code) => code === '401' || code === '403');
    const at = [...(directives.includes(page) ? path : path.slice(0, 2)), field];
    if (refused && isGuarded(scope) && equals !== undefined && !/^=(401|403|30[12378])$/.test(equals))
      return [
        {
          path: at,
          message: `gives another status than ${refused} to those who are refused; write =${refused} instead of ${equals}`,
        },
      ];
    const code = codes.find(isEarly) ?? (isGuarded(scope) ? refused : undefined);
    if (code && isOpen)
      return [
        {
          path: at,
          message: `sends ${code} to ${target}, which has no rule of access: nginx goes there before it asks, or after it refused; give ${target} the rule, or the page a path`,
        },
      ];
    return [];
  });
}

const ofAliases = (directives: Directive[], path: string[]) =>
  directives
    .filter(({ name }) => name === 'location')
    .flatMap(({ args, block }) => ofAlias(args.join(' '), block ?? [], path));

/** A folder that would serve what lies beside it. */
function ofAlias(where: string, directives: Directive[], path: string[]): Problem[] {
  const alias = directives.find(({ name }) => name === 'alias');
  if (!alias || /^[=~@]/.test(where) || where.endsWith('/')) return [];
  const message = `has an alias that serves what lies beside it; end both ${where} and the alias with a slash`;
  return [{ path: [...path, alias.field], message }];
}
