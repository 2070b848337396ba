import fc from 'fast-check';
import { maybe, mostly, nginxText } from './text.ts';

const label = fc.stringMatching(/^[A-Za-z0-9_]([A-Za-z0-9_-]{0,6}[A-Za-z0-9_])?$/);
export const hostname = fc
  .tuple(fc.constantFrom('', '', '', '*.'), fc.array(label, { minLength: 1, maxLength: 3 }))
  .map(([wild, labels]) => wild + labels.join('.'));
const path = fc.oneof(
  fc.constantFrom('/', '/srv/app/', '{project_root}/static', '{data_root}', '/a{x}b/', '/srv/{a', '/usr/share//x'),
  fc.stringMatching(/^\/[A-Za-z0-9_./{}@+-]{0,12}$/),
);
const duration = mostly(['0', '60s', '5m', '500ms', '1h', '007', '1d', '2w', '999999999s'], ['1M', '1y']);
const headers = fc.dictionary(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,8}$/), nginxText, { maxKeys: 3 });
const parameters = fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/), nginxText, { maxKeys: 3 });
const address = mostly(
  ['all', 'unix:', '10.0.0.0/8', '192.168.1.1', '::1', '2001:db8::/32'],
  ['999.1.1.1', '10.0.0.0/33', '::::', '1:2', '::/129'],
);

/** nginx text that has its own quotes, in one of the ways nginx takes. */
const quoted = fc
  .tuple(
    nginxText.map((text) => text.replaceAll('$', '')),
    fc.constantFrom('"', "'"),
  )
  .map(([text, quote]) => quote + text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`) + quote);
const directive = fc.oneof(
  quoted.map((text) => `set $own ${text};`),
  quoted.map((text) => `add_header X-Own ${text};`),
  quoted.map((text) => `if ($http_x = ${text}) { return 403 ${text}; }`),
  fc.constantFrom(
    '# } ; "',
    '# {{ x }}',
    'log_not_found off;',
    'etag\n off ;',
    'set $own a\\;b\\{\\}c;',
    "set $own it's;",
    'set $own a#b;',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: nginx's own
    'set $own ${host}x;',
  ),
);
const raw = fc.uniqueArray(directive, { maxLength: 3 }).map((lines) => lines.map((line) => `${line}\n`).join(''));
const rawHttp = fc
  .tuple(fc.stringMatching(/^[a-z]{10}$/), quoted)
  .map(([name, text]) => `map $http_x $own_${name} {\n default ${text};\n}\n`);

const statusCodes = mostly(['404', '502 503', '300', '599'], ['499 500', '600']);
const page = fc.constantFrom('/x.html', '@app', '=200 /x', '= /x?a=b', '=404 @app', 'https://x.org/a%20b', '/');
const users = fc.dictionary(
  mostly(['anna', "o'b", 'a#b', 'é', 'yes', '"', '$x', '-', '~', '%s', '日', '\\'], ['#x', 'a\u0085b']),
  mostly(
    ['$apr1$x$y', '{SHA}x', '$5$x{{x}}', '$1$#', '$6$\\', '{PLAIN}"', '{PLAIN}{%', '{SSHA}{name}'],
    ['a:b', 'plain'],
  ),
  { maxKeys: 3 },
);

const rewrite = mostly(
  [
    '^/old/(.*)$ /new/$1 permanent',
    '^/a{2} /b last',
    '"; "\'#\\.x /$request_uri?q=$arg_a break',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: nginx's own
    '(?<n>é)[^;]* https://${host}/{name}"\'\\ redirect',
    '^ /x}',
  ],
  ['( /x', '^/a', '^/a /b now', '^/a /$bogus'],
);

const both = {
  limit_conn: maybe(mostly([0, 1, 100, 65535], [65536, -1])),
  limit_req: maybe(
    mostly(
      ['10r/s', 'rate=1r/m burst=5', '3r/s burst=1 nodelay', '3r/s burst=9 delay=8'],
      ['10', '1r/h', '0r/s', '1r/s nodelay burst=1'],
    ),
  ),
  autoindex: maybe(fc.boolean()),
  rewrite: maybe(fc.uniqueArray(rewrite, { maxLength: 2 })),
  gzip: maybe(fc.boolean()),
  gzip_types: maybe(
    fc.uniqueArray(mostly(['*', 'text/plain', 'image/svg+xml', 'application/vnd.x-y+json'], ['text', 'a/b c']), {
      maxLength: 2,
    }),
  ),
  chunked_transfer_encoding: maybe(fc.boolean()),
  fastcgi_connect_timeout: maybe(duration),
  fastcgi_read_timeout: maybe(duration),
  fastcgi_send_timeout: maybe(duration),
  fastcgi_buffering: maybe(fc.boolean()),
  uwsgi_connect_timeout: maybe(duration),
  uwsgi_read_timeout: maybe(duration),
  uwsgi_send_timeout: maybe(duration),
  uwsgi_buffering: maybe(fc.boolean()),
  root: maybe(path),
  index: maybe(fc.array(fc.constantFrom('index.html', '/i.php', 'a..b', '-'), { maxLength: 3 })),
  client_max_body_size: maybe(fc.constantFrom('0', '10m', '999999999g', '1K')),
  proxy_connect_timeout: maybe(duration),
  proxy_read_timeout: maybe(duration),
  proxy_send_timeout: maybe(duration),
  auth_basic: maybe(fc.oneof(nginxText, fc.constant('off'))),
  auth_basic_users: maybe(users),
  allow: maybe(fc.array(address, { maxLength: 2 })),
  deny: maybe(fc.array(address, { maxLength: 2 })),
  add_header: maybe(headers),
  error_page: maybe(fc.dictionary(statusCodes, page, { maxKeys: 2 })),
  raw: maybe(raw),
};

/** Fields of which a location has one at most. */
const handler = fc.oneof(
  fc.record({
    proxy_pass: mostly(
      [
        ...[
          'http://127.0.0.1:8000',
          'http://127.0.0.1:8000/a%20b/~x',
          'https://[::1]:444',
          'http://[::1]/x',
          'https://{name}:{data_root}',
        ].slice(0, 4),
        ...[
          'http://up',
          'https://up/',
          'http://unix:/run/x.sock',
          'http://unix:/run/x{a}.sock:/p{',
          'http://unix:/{data_root}/x:',
          'http://db.example:3000',
          'https://one_name/p/~x',
          'http://localhost:1/',
        ],
      ],
      ['http://127.0.0.1:99999', 'http://127.0.0.1:0', 'http://unix:/x:80/'],
    ),
    proxy_set_header: maybe(headers),
    websocket: maybe(fc.boolean()),
    proxy_buffering: maybe(fc.boolean()),
    proxy_request_buffering: maybe(fc.boolean()),
  }),
  fc.record({ alias: path }),
  fc.record({
    return: fc.oneof(
      fc.constantFrom('404', '204', '301 https://x.org/', '200 ', '599 x', '100'),
      fc.tuple(fc.constantFrom('200', '301', '302', '503'), nginxText).map((parts) => parts.join(' ')),
    ),
  }),
  fc.record({
    fastcgi_pass: mostly(
      ['127.0.0.1:9000', 'unix:/run/php{x}.sock', 'up', '[::1]:1', 'one_name:9000'],
      ['127.0.0.1:65536', 'no_upstream'],
    ),
    fastcgi_param: maybe(parameters),
  }),
  fc.record({ uwsgi_pass: fc.constantFrom('127.0.0.1:9000', 'unix:/run/{name', 'up'), uwsgi_param: maybe(parameters) }),
  fc.record({
    fastcgi_param: maybe(parameters),
    uwsgi_param: maybe(parameters),
    proxy_set_header: maybe(headers),
    websocket: maybe(fc.boolean()),
  }),
);
const location = fc
  .tuple(
    handler,
    fc.record({
      ...both,
      try_files: maybe(
        fc.array(mostly(['$uri', '/x', '@app', '=404', '$uri/', '/$host$is_args$args'], ['$bogus', '/$', '']), {
          minLength: 2,
          maxLength: 3,
        }),
      ),
      expires: maybe(mostly(['off', 'max', 'epoch', '-1', '30d', '1y', '5m', '0'], ['500ms', '1x'])),
      internal: maybe(fc.boolean()),
    }),
  )
  .map(([handler, common]) =>
    Object.fromEntries(Object.entries({ ...common, ...handler }).filter(([, value]) => value !== undefined)),
  );

const regex = fc
  .uniqueArray(
    mostly(
      [
        '\\.php$',
        '^/a',
        '(?:b|c)+',
        '[^/]*',
        '"',
        "'",
        '\\\\',
        'x{2}',
        ';',
        '#',
        '\\s',
        'é',
        '$',
        '%',
        '\\{\\}',
        '}',
        '(?<n>d)',
        '(?i)',
        'x++',
        '\\A',
        '{',
        '日',
        '[(]',
        '[]a]',
        '\\(',
      ],
      ['(', ')', '[', '\\'],
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join(''));
const where = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('', '= ', '^~ '),
      fc.oneof(fc.constantFrom('/', '/a', '/a/', '/A'), fc.stringMatching(/^\/[A-Za-z0-9_./~@%+,:-]{0,8}$/)),
    )
    .map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('~ ', '~* '), regex).map((parts) => parts.join('')),
  fc.stringMatching(/^@[A-Za-z][A-Za-z0-9_-]{0,8}$/),
);

export interface Certificate {
  cert: string;
  key: string;
  folder: string;
}

/** @param certificate of both a text and files */
export const vhost = ({ cert, key, folder }: Certificate) =>
  fc
    .record({
      domain: maybe(hostname),
      aliases: maybe(fc.array(hostname, { maxLength: 3 })),
      redirect_aliases: maybe(fc.boolean()),
      listen: maybe(mostly([80, 8081], [443])),
      default_server: fc.option(fc.constant(true), { nil: undefined, freq: 6 }),
      ssl: fc.option(fc.constantFrom('text', 'file', 'no file'), { nil: undefined, freq: 3 }),
      ssl_listen: maybe(mostly([443, 8443], [80])),
      ssl_redirect: maybe(fc.boolean()),
      ssl_redirect_port: maybe(fc.constantFrom(443, 8443)),
      keepalive_timeout: maybe(duration),
      client_header_timeout: maybe(duration),
      client_body_timeout: maybe(duration),
      send_timeout: maybe(duration),
      ...both,
      raw_http: maybe(rawHttp),
      locations: fc.dictionary(where, location, { maxKeys: 4 }),
    })
    .map(({ ssl, ...rest }) => ({
      ...rest,
      ...(ssl === 'text' && { ssl_cert: cert, ssl_key: key }),
      ...(ssl === 'file' && { ssl_certificate: `${folder}/cert.pem`, ssl_certificate_key: `${folder}/key.pem` }),
      ...(ssl === 'no file' && { ssl_certificate: '{data_root}/{x', ssl_certificate_key: '/srv/{name}' }),
    }));

/** A line, in which nothing is a variable. */
const geoValue = nginxText.map((text) => `${text}$own`);

/** Tables of variables: what is looked up, in whatever form, and what it comes to. */
const key = fc.oneof(
  fc.constantFrom('default', 'include', 'hostnames', 'volatile', '~^a{2}"', '~*(?<n>é);', '\\x', '{name}', ''),
  nginxText.filter((text) => !text.startsWith('~')),
);
export const maps = fc.dictionary(
  fc.stringMatching(/^own_[a-z]{3}$/),
  fc.record({
    string: nginxText,
    values: fc
      .uniqueArray(fc.tuple(key, nginxText), { maxLength: 4, selector: ([text]) => text.toLowerCase() })
      .map((lines) => Object.fromEntries(lines)),
  }),
  { maxKeys: 3 },
);
export const geos = fc.dictionary(
  fc.stringMatching(/^near_[a-z]{3}$/),
  fc.record({
    address: maybe(fc.constantFrom('$remote_addr', '$http_x_own')),
    values: fc.dictionary(fc.constantFrom('default', '10.0.0.0/8', '::1', '2001:db8::/32', '0.0.0.0/0'), geoValue, {
      maxKeys: 4,
    }),
  }),
  { maxKeys: 2 },
);

export const trustedProxies = fc.uniqueArray(
  fc.constantFrom('10.0.0.0/8', '192.0.2.1', '::1', '2001:db8::/32', '0.0.0.0/0'),
  { maxLength: 3 },
);

export const upstream = fc.record({
  servers: maybe(
    fc.array(
      fc
        .tuple(
          mostly(
            ['127.0.0.1:80', '127.0.0.2:65535', '[::1]:8080', 'unix:/run/a.sock', 'unix:/run/{x}.sock', 'unix:/run/{'],
            ['127.0.0.1:65536', '127.0.0.1:0'],
          ),
          fc.array(
            mostly(
              ['backup', 'down', 'weight=2', 'max_fails=0', 'max_conns=3', 'fail_timeout=10s', 'fail_timeout=0'],
              ['weight=0', 'x'],
            ),
            { maxLength: 2 },
          ),
        )
        .map(([server, parameters]) => [server, ...parameters].join(' ')),
      { maxLength: 3 },
    ),
  ),
  program: fc.option(fc.constant('ported'), { nil: undefined, freq: 3 }),
  method: maybe(fc.constantFrom('round_robin', 'least_conn', 'ip_hash', 'random')),
  keepalive: maybe(fc.nat(10_000)),
});
