import fc from 'fast-check';
import type { Intent } from '../../generators/lib/model/intent.ts';

/** What only those may see who may come in, and what everybody may. */
export const INSIDE = 'guarded-content';
export const OPEN = 'open to all';
/** What no one must see: a file whose name starts with a dot. */
export const DOT_FILE = 'dot-file-content';

const USERS = { auth_basic_users: { joe: '$apr1$abcdefgh$0123456789abcdefghijkl' } };
const RULES: Intent[] = [
  USERS,
  { ...USERS, auth_basic: 'Members' },
  { deny: ['all'] },
  { deny: ['127.0.0.0/8'] },
  { allow: ['192.0.2.0/24'], deny: ['all'] },
  { allow: ['192.0.2.0/24'], deny: ['0.0.0.0/0', '::/0'] },
  { deny: ['0.0.0.0/1', '128.0.0.0/1', '::/0'] },
  { deny: ['all'], allow: ['::/0'] },
  { ...USERS, deny: ['all'] },
  { ...USERS, allow: ['192.0.2.0/24'] },
  { raw: 'deny all;\n' },
  { raw: 'auth_basic x;\nauth_basic_user_file /etc/hostname;\n' },
  { raw: 'auth_request /auth;\n' },
  { raw: 'auth_request /auth;\n' },
  { raw: 'limit_except HEAD { deny all; }\n' },
];
/** Rules that look like some, and keep this client not out: the model must refuse them. */
const EMPTY_RULES: Intent[] = [
  { allow: ['192.0.2.0/24'] },
  { allow: ['192.0.2.0/24'], raw: 'auth_request_set $a $host;\n' },
  { allow: ['192.0.2.0/24'], deny: ['::/0'] },
  { allow: ['127.0.0.0/8'], deny: ['127.0.0.1'] },
  { allow: ['0.0.0.0/0'], deny: ['127.0.0.0/8', '::/0'] },
  { raw: 'allow 192.0.2.0/24;\nlimit_except GET { deny all; }\n' },
];
/** They matter where two rules meet. */
const SATISFY = ['', '', 'satisfy any;\n', 'satisfy all;\n'];
const ADDRESSES_ABOVE: Intent[] = [
  {},
  {},
  { allow: ['all'] },
  { allow: ['0.0.0.0/0', '::/0'] },
  { deny: ['all'] },
  { allow: ['192.0.2.0/24'], deny: ['0.0.0.0/0', '::/0'] },
];
const CODES = ['400 413', '401', '401 404', '403', '404', '413', '418', '503'];
const PAGES = [
  '@app',
  '= @app',
  '=200 @app',
  '=403 @app',
  '@text',
  '= @files',
  'inside',
  '/open/x',
  '= /open/x',
  '=302 /open/x',
];
const pages = fc.dictionary(fc.constantFrom(...CODES), fc.constantFrom(...PAGES), { maxKeys: 2 });
const SERVER_LINES = [
  'rewrite ^/ax /open/x last;\n',
  'rewrite ^/a/x /open/x;\n',
  'if ($arg_a) { return 418; }\n',
  'if ($arg_a) { rewrite ^ /open/x last; }\n',
  'error_page 401 403 = @app;\n',
  'limit_req zone=slow;\n',
  `location ~ x$ { return 200 "${OPEN}"; }\n`,
];

interface Places {
  /** Where nginx listens, and where a program answers everything with INSIDE. */
  port: number;
  backend: number;
  /** A folder whose files hold INSIDE. */
  folder: string;
}

/** Ways of giving something to whoever asks for /a. */
export function answers({ backend, folder }: Places): Intent[] {
  return [
    { return: `200 ${INSIDE}` },
    { return: `302 /${INSIDE}` },
    { return: `404 ${INSIDE}` },
    { return: '418', error_page: { '418': '= @app' } },
    { root: folder },
    { alias: `${folder}/a/` },
    { root: folder, try_files: ['$uri', '@app'] },
    { root: folder, try_files: ['/none', '/open/x'] },
    { try_files: ['/none', '@files'] },
    { return: '418', error_page: { '418': '= @files' } },
    { proxy_pass: `http://127.0.0.1:${backend}` },
    { proxy_pass: `http://127.0.0.1:${backend}/` },
    { fastcgi_pass: `127.0.0.1:${backend}` },
    { raw: `proxy_pass http://127.0.0.1:${backend};\n` },
  ];
}

/** What an open location of the same folder or program does with what is asked below /open/in/. */
const REWRITES = [
  '^/open/in/(.*)$ /a/$1 break',
  '^/open/in(/.*)$ $1 break',
  '^/open/in/(.*)$ /a/$1 last',
  '^/open/in(/.*)$ /a$1',
  '^/open/in/(.*)$ /a/$1 redirect',
];

function locationLines({ backend }: Places): string[] {
  return [
    `return 200 ${INSIDE};\n`,
    'return 404;\n',
    'rewrite ^ /open/x last;\n',
    'rewrite ^ /open/x;\n',
    'rewrite ^ /a/x break;\n',
    'rewrite ^ /open/x redirect;\n',
    `if ($arg_a) { return 200 ${INSIDE}; }\n`,
    'if ($arg_a) { return 418; }\n',
    'if ($arg_a) { rewrite ^ /open/x last; }\n',
    'error_page 401 403 = @app;\n',
    'error_page 413 = @app;\n',
    'limit_req zone=slow;\n',
    `location ~ x$ { return 200 ${INSIDE}; }\n`,
    `location ~ x$ { proxy_pass http://127.0.0.1:${backend}; }\n`,
    'include /etc/nginx/proxy_params;\n',
  ];
}

function joined(...parts: Intent[]): Intent {
  const raw = parts.map((part) => part.raw ?? '').join('');
  return Object.assign({}, ...parts, raw === '' ? {} : { raw });
}

/** The rule's place, as the path of the location that has it, or undefined for the virtual host. */
export interface Guarded {
  where: string;
  isAbove: boolean;
  /** That of the open location /open/in/. */
  rewrite: string;
  vhost: Intent;
}

/** A virtual host in which /a is kept from everybody, by a rule of its own or of the virtual host. */
export function guarded(places: Places): fc.Arbitrary<Guarded> {
  const sometimes = (lines: string[]) => fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.constantFrom(...lines));
  return fc
    .record({
      where: fc.constantFrom('/a', '/a/', '= /a', '^~ /a', '^~ /a/', '~ ^/a'),
      isAbove: fc.boolean(),
      rule: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...RULES) }, fc.constantFrom(...EMPTY_RULES)),
      satisfy: fc.constantFrom(...SATISFY),
      satisfyAbove: fc.constantFrom(...SATISFY),
      addressesAbove: fc.constantFrom(...ADDRESSES_ABOVE),
      rawOfNamed: fc.constantFrom('', 'if ($arg_a) { add_header X-A b; }\n', 'error_page 404 = @app;\n'),
      asksAuth: fc.constantFrom(true, true, true, false),
      answer: fc.constantFrom(...answers(places)),
      answersAbove: fc.boolean(),
      internal: fc.constantFrom(true, ...Array<false>(11).fill(false)),
      pages,
      pagesAbove: pages,
      raw: sometimes(locationLines(places)),
      rewrite: fc.constantFrom(undefined, undefined, undefined, '^ /open/x last', '^ /a/x break', '^ /open/x redirect'),
      rewriteOfOpen: fc.constantFrom(...REWRITES),
      rawAbove: sometimes(SERVER_LINES),
    })
    .map((made) => {
      const { where, isAbove, rule, answer, answersAbove, internal, pages, pagesAbove, raw, rawAbove } = made;
      const { root, ...rest } = answer;
      const inside = where === '= /a' ? '/a' : '/a/x';
      const led = (to: Record<string, string>) =>
        Object.fromEntries(Object.entries(to).map(([codes, page]) => [codes, page === 'inside' ? inside : page]));
      const [here, above] = answersAbove ? [rest, root ? { root } : {}] : [answer, {}];
      const rewrite = made.rewrite === undefined ? {} : { rewrite: [made.rewrite] };
      const location = joined(
        { error_page: led(pages), ...rewrite, ...(internal && { internal }) },
        here,
        isAbove ? {} : rule,
        {
          raw: `${made.satisfy}${raw}`,
        },
      );
      const vhost = joined(
        { listen: places.port, error_page: led(pagesAbove) },
        above,
        isAbove ? rule : made.addressesAbove,
        {
          raw: `${made.satisfyAbove}${rawAbove}`,
        },
      );
      const locations = {
        [where]: location,
        '/open/': { auth_basic: 'off', allow: ['all'], return: `200 ${OPEN}`, raw: 'auth_request off;\n' },
        '/open/in/': {
          auth_basic: 'off',
          allow: ['all'],
          error_page: { '418': '/none' },
          ...Object.fromEntries(Object.entries(answer).filter(([key]) => key === 'root' || key === 'proxy_pass')),
          rewrite: [made.rewriteOfOpen],
          raw: `auth_request off;\n${answer.raw ?? ''}`,
        },
        // A page of its own, so that no page from above gives its 401 another status.
        ...(made.asksAuth && { '= /auth': { error_page: { '418': '/none' }, return: '401' } }),
        // Who asks for what is nowhere gets this, a subrequest too.
        '/': { return: `200 ${OPEN}` },
        '@app': { proxy_pass: `http://127.0.0.1:${places.backend}` },
        '@text': { return: '200 no' },
        '@files': { root: places.folder, raw: made.rawOfNamed },
      };
      return { where, isAbove, rewrite: made.rewriteOfOpen, vhost: { ...vhost, locations } };
    });
}
