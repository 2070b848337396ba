import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, onTestFinished } from 'vitest';
import type { Intent } from '../../generators/lib/model/intent.ts';
import { SEED } from '../support/cases.ts';
import { type Asked, ask, freePort, started, withNginx } from '../support/nginx.ts';
import { tempDir } from '../support/run.ts';

const READS_GZIP = 'Accept-Encoding: gzip\r\n';

/** The port of a program that answers in some way. */
async function program(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((done) => server.once('listening', done));
  return (server.address() as AddressInfo).port;
}

/** The port of one that accepts connections and says nothing. */
async function silence(): Promise<number> {
  const server = createSocket((socket) => socket.on('error', () => socket.destroy())).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((done) => server.once('listening', done));
  return (server.address() as AddressInfo).port;
}

/** A folder that nginx can read. */
function files(): string {
  const folder = tempDir();
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'files/a.txt'), 'a');
  writeFileSync(join(folder, 'files/.hidden'), 'h');
  return folder;
}

const app: RequestListener = (request, answer) => {
  const types: Record<string, string> = { '/app/own': 'text/x-own', '/app/json': 'application/json' };
  answer.setHeader('Content-Type', types[request.url ?? ''] ?? 'text/plain').setHeader('ETag', '"strong"');
  if (request.headers['if-none-match']?.includes('"strong"')) return answer.writeHead(304).end();
  const text = Buffer.from(`${request.url} `.repeat(200));
  if (request.url?.includes('chunked')) return answer.write('a', () => answer.end('b'));
  if (request.url?.includes('compressed'))
    return answer.setHeader('Content-Encoding', 'br').end(brotliCompressSync(text));
  return answer.setHeader('Content-Length', text.length).end(text);
};

/** Snippets that images had, the fields in their place, and what is asked of both. */
const SAME: [string, string, Intent, string[]][] = [
  ['autoindex', 'autoindex on;', { autoindex: true }, ['/files/', '/files/a.txt', '/']],
  [
    'rewrite',
    'rewrite ^/old/(.*)$ /new/$1 permanent;\nrewrite "^/x{2}/(.*)" /files/$1?a=$arg_b last;\nrewrite \\.old$ https://x.org/$uri;',
    {
      rewrite: ['^/old/(.*)$ /new/$1 permanent', '^/x{2}/(.*) /files/$1?a=$arg_b last', '\\.old$ https://x.org/$uri'],
    },
    ['/old/a%20b?c=d', '/xx/a.txt?b=1', '/xx/.hidden', '/files/a.txt', '/files/b.old', '/oldest'],
  ],
  ['gzip-types', 'gzip_types text/x-own;', { gzip_types: ['text/x-own'] }, ['/app/own', '/app/json']],
  ['chunked', 'chunked_transfer_encoding off;', { chunked_transfer_encoding: false }, ['/app/chunked']],
  ['fastcgi', 'fastcgi_read_timeout 300ms;', { fastcgi_read_timeout: '300ms' }, ['/fastcgi']],
  ['uwsgi', 'uwsgi_read_timeout 300ms;', { uwsgi_read_timeout: '300ms' }, ['/uwsgi']],
  [
    'others',
    'fastcgi_send_timeout 1s; fastcgi_connect_timeout 1s; fastcgi_buffering off;\nuwsgi_send_timeout 1s; uwsgi_connect_timeout 1s; uwsgi_buffering off;',
    {
      fastcgi_send_timeout: '1s',
      fastcgi_connect_timeout: '1s',
      fastcgi_buffering: false,
      uwsgi_send_timeout: '1s',
      uwsgi_connect_timeout: '1s',
      uwsgi_buffering: false,
    },
    ['/files/a.txt'],
  ],
];
/** What an answer says, without the time. */
const said = (answer: string) => answer.replace(/^(Date|Last-Modified): .*\r\n/gm, '');

withNginx.each(['virtual host', 'location'])(
  'a field of a %s answers as the lines of raw that it replaces',
  async (where) => {
    const port = await freePort();
    const silent = await silence();
    const locations = {
      '/': {},
      '/app/': { proxy_pass: `http://127.0.0.1:${await program(app)}` },
      '/fastcgi': { fastcgi_pass: `127.0.0.1:${silent}` },
      '/uwsgi': { uwsgi_pass: `127.0.0.1:${silent}` },
    };
    const root = files();
    const vhosts: Intent = {};
    const add = (name: string, place: Intent) => {
      const inLocations = Object.entries(locations).map(([path, location]) => [path, { ...location, ...place, root }]);
      vhosts[name] =
        where === 'location'
          ? { listen: port, locations: Object.fromEntries(inLocations) }
          : { listen: port, ...place, root, locations: Object.fromEntries(Object.entries(locations).slice(1)) };
    };
    for (const [name, raw, field] of SAME) {
      add(`${name}.raw`, { raw });
      add(`${name}.field`, field);
    }
    add('plain.org', {});
    await started(port, vhosts);
    for (const [name, , , paths] of SAME) {
      let differs = name === 'others';
      for (const path of paths) {
        const asked = { path, method: 'GET', more: READS_GZIP };
        const [raw, field, plain] = await Promise.all([
          ask(port, `${name}.raw`, asked),
          ask(port, `${name}.field`, asked),
          ask(port, 'plain.org', { ...asked, path: path.includes('cgi') ? '/none' : path }),
        ]);
        expect(said(field), `${name} ${path}`).toBe(said(raw));
        expect(field).toMatch(/^HTTP\/1\.1 \d/);
        differs ||= said(field) !== said(plain);
      }
      expect(differs, name).toBe(true);
    }
    const listed = await ask(port, 'autoindex.field', { path: '/files/', method: 'GET', more: '' });
    expect(listed).toContain('a.txt');
    expect(listed).not.toContain('hidden');
    expect(await ask(port, 'rewrite.field', { path: '/xx/.hidden', method: 'GET', more: '' })).toMatch(
      /^HTTP\/1.1 404/,
    );
  },
);

withNginx('what is compressed keeps its encoding, its ETag stays good, and caches are warned', async () => {
  const port = await freePort();
  const locations = { '/app/': { proxy_pass: `http://127.0.0.1:${await program(app)}` } };
  await started(port, {
    'on.org': { listen: port, locations },
    'off.org': { listen: port, gzip: false, locations },
  });
  const get = (domain: string, path: string, more: string) => ask(port, domain, { path, method: 'GET', more });
  const compressed = await get('on.org', '/app/json', READS_GZIP);
  expect(compressed).toContain('\r\nContent-Encoding: gzip\r\n');
  expect(compressed).toContain('\r\nVary: Accept-Encoding\r\n');
  expect(compressed).toContain('\r\nETag: W/"strong"\r\n');
  // Behind another proxy, too.
  expect(await get('on.org', '/app/json', `Via: 1.1 x\r\n${READS_GZIP}`)).toContain('\r\nContent-Encoding: gzip\r\n');
  // A client that has it is not sent it again.
  expect(await get('on.org', '/app/json', `If-None-Match: W/"strong"\r\n${READS_GZIP}`)).toMatch(/^HTTP\/1.1 304/);
  const plain = await get('on.org', '/app/json', '');
  expect(plain).toContain('\r\nETag: "strong"\r\n');
  expect(plain).toContain('\r\nVary: Accept-Encoding\r\n');
  expect(plain).not.toContain('Content-Encoding');
  const own = await get('on.org', '/app/compressed', `${READS_GZIP.replace('gzip', 'gzip, br')}`);
  expect(own).toContain('\r\nContent-Encoding: br\r\n');
  expect(own).toContain('\r\nETag: "strong"\r\n');
  expect(await get('on.org', '/app/own', READS_GZIP)).not.toContain('Content-Encoding');
  expect(await get('off.org', '/app/json', READS_GZIP)).not.toContain('Content-Encoding');
});

withNginx('a rewrite that stays does not open the hidden files of a named location', async () => {
  const port = await freePort();
  const locations = {
    '/': { try_files: ['/none', '@files'] },
    '@files': { root: files(), rewrite: ['^/x/(.*)$ /files/$1 break'] },
  };
  await started(port, { 'x.org': { listen: port, locations } });
  const status = async (path: string) => (await ask(port, 'x.org', { path, method: 'GET', more: '' })).split(' ')[1];
  expect(await status('/x/a.txt')).toBe('200');
  expect(await status('/x/.hidden')).toBe('404');
});

/** What a program hears of its client. */
const heard: RequestListener = ({ headers }, answer) =>
  answer.end(
    JSON.stringify(
      ['host', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'].map((name) => headers[name]),
    ),
  );

const FORWARDED =
  'X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: www.example.com:8443\r\n';

withNginx('a trusted proxy says who the client is and what it used, and no one else does', async () => {
  const port = await freePort();
  const proxy_pass = `http://127.0.0.1:${await program(heard)}`;
  const told: string[] = [];
  const fastcgi = createSocket((socket) => socket.on('data', (data) => told.push(String(data)) && socket.destroy()));
  fastcgi.listen(0, '127.0.0.1');
  onTestFinished(() => void fastcgi.close());
  await new Promise((done) => fastcgi.once('listening', done));
  const fastcgi_pass = `127.0.0.1:${(fastcgi.address() as AddressInfo).port}`;
  const vhost = {
    listen: port,
    aliases: ['alias.org'],
    redirect_aliases: true,
    rewrite: ['^/moved$ $scheme://$host/to', '^/gone/(.*)$ $scheme://$http_host/$1 permanent'],
    locations: {
      '/': { proxy_pass },
      '/headers': { proxy_pass, websocket: true },
      '/closed/': { proxy_pass, allow: ['203.0.113.9'], deny: ['all'] },
      '/to': { return: '302 $scheme://$host/x$is_args$args' },
      '/php': { fastcgi_pass, fastcgi_param: { HTTP_X_REAL_IP: 'own' } },
      '/address': { return: '200 $remote_addr' },
    },
  };
  const get = (domain: string, path: string, more: string) => ask(port, domain, { path, method: 'GET', more });
  const body = (answer: string) => answer.split('\r\n\r\n')[1];
  const target = (answer: string) => /^Location: (.*)\r$/m.exec(answer)?.[1];

  const stop = await started(port, { 'x.org': vhost }, { trusted_proxies: ['127.0.0.1', '2001:db8::/32'] });
  const client = ['www.example.com:8443', '203.0.113.9', '203.0.113.9', 'www.example.com:8443', 'https'];
  for (const path of ['/', '/headers', '/closed/'])
    expect(JSON.parse(body(await get('x.org', path, FORWARDED)) as string)).toEqual(client);
  expect(body(await get('x.org', '/address', FORWARDED))).toBe('203.0.113.9');
  expect(target(await get('x.org', '/moved', FORWARDED))).toBe('https://www.example.com/to');
  expect(target(await get('x.org', '/gone/a', FORWARDED))).toBe('https://www.example.com:8443/a');
  expect(target(await get('x.org', '/to?a=b', FORWARDED))).toBe('https://www.example.com/x?a=b');
  expect(target(await get('alias.org', '/b', FORWARDED))).toBe('//x.org:8443/b');
  await get('x.org', '/php', FORWARDED);
  for (const parameter of [
    'HTTP_X_FORWARDED_PROTOhttps',
    'HTTP_X_FORWARDED_FOR203.0.113.9',
    'HTTP_X_FORWARDED_HOSTwww.example.com:8443',
    'HTTP_HOSTwww.example.com:8443',
    'REMOTE_ADDR203.0.113.9',
    'HTTPSon',
    'HTTP_X_REAL_IPown',
  ])
    expect(told.at(-1)).toContain(parameter);
  // Of a list, the proxy wrote the last one; and what is no scheme and no host does not count.
  const list = 'X-Forwarded-Proto: https, HTTP\r\nX-Forwarded-Host: evil.org, x.org\r\n';
  expect(JSON.parse(body(await get('x.org', '/', list)) as string)).toEqual([
    'x.org',
    '127.0.0.1',
    '127.0.0.1',
    'x.org',
    'http',
  ]);
  const odd = 'X-Forwarded-Proto: ftp\r\nX-Forwarded-Host: a b"/\r\nX-Forwarded-For: nonsense\r\n';
  expect(JSON.parse(body(await get('x.org', '/', odd)) as string)).toEqual([
    'x.org',
    '127.0.0.1',
    '127.0.0.1',
    'x.org',
    'http',
  ]);
  expect(await get('x.org', '/closed/', '')).toMatch(/^HTTP\/1.1 403/);
  const byField = await get('x.org', '/', FORWARDED.replace(/X-Forwarded-Host.*/s, ''));
  await stop();

  // The lines that images had in the place of the field.
  const lines = {
    listen: port,
    raw_http:
      'geo $realip_remote_addr $from_proxy { default 0; 127.0.0.1 1; }\nmap $from_proxy$http_x_forwarded_proto $proto { default $scheme; 1https https; }\n',
    raw: 'set_real_ip_from 127.0.0.1;\nreal_ip_header X-Forwarded-For;\nreal_ip_recursive on;\n',
    locations: {
      '/': {
        proxy_pass,
        raw: "proxy_set_header X-Forwarded-Proto $proto;\nproxy_set_header Host $http_host;\nproxy_set_header X-Real-IP $remote_addr;\nproxy_set_header X-Forwarded-For $remote_addr;\nproxy_set_header X-Forwarded-Host $http_host;\nproxy_set_header Connection '';\n",
      },
    },
  };
  await started(port, { 'x.org': vhost, 'lines.org': lines }, { trusted_proxies: ['192.0.2.0/24'] });
  const before = body(await get('lines.org', '/', FORWARDED))?.replaceAll('lines.org', 'x.org');
  expect(before).toBe(body(byField));
  await get('x.org', '/php', FORWARDED);
  expect(told.at(-1)).toMatch(/HTTP_X_FORWARDED_PROTOhttp(?!s)/);
  expect(told.at(-1)).not.toContain('198.51.100.1');
  expect(JSON.parse(body(await get('x.org', '/', FORWARDED)) as string)).toEqual([
    'x.org',
    '127.0.0.1',
    '127.0.0.1',
    'x.org',
    'http',
  ]);
  expect(await get('x.org', '/closed/', FORWARDED)).toMatch(/^HTTP\/1.1 403/);
  expect(target(await get('x.org', '/moved', FORWARDED))).toBe('http://x.org/to');
  expect(target(await get('alias.org', '/b', FORWARDED))).toBe('//x.org/b');
});

withNginx('ssl_redirect sends on what came to a trusted proxy by http, and only that', async () => {
  const [port, secure] = [await freePort(), await freePort()];
  const folder = files();
  const request =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x -keyout key.pem';
  await execa('openssl', [...request.split(' '), '-out', 'cert.pem'], { cwd: folder });
  const [ssl_cert, ssl_key] = ['cert.pem', 'key.pem'].map((file) => readFileSync(join(folder, file), 'utf8'));
  const locations = { '/': { return: '200 in' } };
  const vhosts = {
    'plain.org': { listen: port, locations },
    'forced.org': { listen: port, ssl_redirect: true, locations },
    'other.org': { listen: port, ssl_redirect: true, ssl_redirect_port: 8443, locations },
    'secure.org': { listen: port, ssl_listen: secure, ssl_cert, ssl_key, locations },
    'both.org': { listen: port, ssl_listen: secure, ssl_cert, ssl_key, ssl_redirect: false, locations },
  };
  await started(port, vhosts, { trusted_proxies: ['127.0.0.1'] });
  const answer = async (domain: string, more: string) => {
    const text = await ask(port, domain, { path: '/a?b', method: 'GET', more });
    return /^Location: (.*)\r$/m.exec(text)?.[1] ?? text.split('\r\n\r\n')[1];
  };
  const [http, https] = ['http', 'https'].map((scheme) => `X-Forwarded-Proto: ${scheme}\r\n`) as [string, string];
  for (const more of ['', http, https]) expect(await answer('plain.org', more)).toBe('in');
  for (const more of ['', https]) expect(await answer('forced.org', more)).toBe('in');
  expect(await answer('forced.org', http)).toBe('https://forced.org/a?b');
  expect(await answer('forced.org', `${http}X-Forwarded-Host: www.org:81\r\n`)).toBe('https://www.org/a?b');
  expect(await answer('other.org', http)).toBe('https://other.org:8443/a?b');
  expect(await answer('secure.org', https)).toBe('in');
  for (const more of ['', http]) expect(await answer('secure.org', more)).toBe(`https://secure.org:${secure}/a?b`);
  for (const more of ['', http, https]) expect(await answer('both.org', more)).toBe('in');
});

withNginx(
  'maps, geos and groups answer as the lines of raw that they replace, and a line of them can change',
  async () => {
    const port = await freePort();
    const locations = {
      '/': {
        root: files(),
        add_header: { 'X-Device': '$device', 'X-Near': '$near', 'X-Site': '$site', 'X-Team': '$team' },
        try_files: ['/files/$file', '=404'],
      },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: nginx's own
      '~ ^/(?<word>[a-z]+)-(?<number>[0-9]+)$': { return: '200 $word.${number}' },
      '/moved/': { rewrite: ['^/moved/(?<rest>.*)$ /to/$device/$rest permanent'], root: '/srv' },
    };
    const { add_header: _, ...plain } = locations['/'];
    const headers = Object.entries(locations['/'].add_header).map(
      ([name, value]) => `add_header ${name} ${value} always;`,
    );
    const ours =
      'add_header X-Content-Type-Options $content_type_options always;\nadd_header Referrer-Policy $referrer_policy always;';
    const domain = '~^(?<team>[a-z0-9-]{2,})\\.apps\\.(?:example|test)\\.com$';
    const maps = {
      device: {
        string: '$http_user_agent',
        values: {
          default: 'other',
          '~*(?<kind>phone|pad)': 'my $kind',
          include: 'i',
          'say "hi"; {': 'q"\\',
          '': 'none',
        },
      },
      site: { string: '$host', hostnames: true, values: { '.apps.example.com': 'apps', default: '' } },
      file: { string: '$uri', values: { default: 'a.txt', '/b': 'b.txt' } },
    };
    const geos = { near: { values: { default: 'far', '127.0.0.0/8': '$near "here"', '::1': 'six' } } };
    const raw_http = [
      'map $http_user_agent $device { default other; "~*(?<kind>phone|pad)" "my $kind"; \\include i; \'say "hi"; {\' \'q"\\\\\'; "" none; }',
      'map $host $site { hostnames; .apps.example.com apps; default ""; }',
      'map $uri $file { default a.txt; /b b.txt; }',
      'geo $near { default far; 127.0.0.0/8 \'$near "here"\'; ::1 six; }\n',
    ].join('\n');
    const lines = {
      listen: port,
      raw_http,
      raw: `server_name "${domain.replaceAll('\\', '\\\\')}";\n`,
      locations: { ...locations, '/': { ...plain, raw: [ours, ...headers, ''].join('\n') } },
    };
    const asked = [
      ...['/', '/b', '/ab-12', '/moved/x?y'].map((path) => ({ path, method: 'GET', more: '' })),
      ...['a PAD b', 'include', 'say "hi"; {', 'x'].map((agent) => ({
        path: '/',
        method: 'GET',
        more: `User-Agent: ${agent}\r\n`,
      })),
    ];
    const answers = async (host: string) => (await Promise.all(asked.map((one) => ask(port, host, one)))).map(said);

    const stop = await started(port, { apps: { listen: port, domain, locations } }, { maps, geos });
    const byField = await answers('our-team.apps.test.com');
    for (const header of ['X-Team: our-team', 'X-Device: none', 'X-Near: $near "here"'])
      expect(byField[0]).toContain(`\r\n${header}\r\n`);
    expect(byField[1]).toMatch(/^HTTP\/1.1 404/);
    expect(byField[2]).toMatch(/ab\.12$/);
    expect(byField[3]).toContain('/to/none/x?y\r\n');
    expect(byField.slice(4).map((text) => /^X-Device: (.*)\r$/m.exec(text)?.[1])).toEqual([
      'my PAD',
      'i',
      'q"\\',
      'other',
    ]);
    expect(await ask(port, 'a-b.apps.example.com', asked[0] as Asked)).toContain('\r\nX-Site: apps\r\n');
    for (const other of ['x.apps.test.com', 'apps.test.com', 'our-team.apps.test.com.org', 'none.org'])
      expect(await ask(port, other, asked[0] as Asked)).not.toContain('X-Team');
    await stop();

    // An override takes a line away and adds one.
    const changed = { ...maps, device: { ...maps.device, values: { ...maps.device.values, '': null, '~^x': 'ex' } } };
    const stopAgain = await started(port, { apps: { listen: port, domain, locations } }, { maps: changed, geos });
    const then = await answers('our-team.apps.test.com');
    expect(then[0]).toContain('\r\nX-Device: other\r\n');
    expect(then[7]).toContain('\r\nX-Device: ex\r\n');
    await stopAgain();

    await started(port, { apps: lines });
    expect(await answers('our-team.apps.test.com')).toEqual(byField);
  },
);

withNginx('who asks too much gets 429, by the field as by lines of raw, and before a return', async () => {
  const port = await freePort();
  const slow: RequestListener = (_, answer) => void setTimeout(() => answer.end('slow'), 1_500);
  const proxy_pass = `http://127.0.0.1:${await program(slow)}`;
  const zones =
    'limit_conn_zone $binary_remote_addr zone=own:1m;\nlimit_req_zone $binary_remote_addr zone=asks:1m rate=1r/m;\n';
  const vhosts = {
    'field.org': {
      listen: port,
      limit_conn: 3,
      locations: { '/': { proxy_pass }, '/asks': { return: '200 in', limit_req: '1r/m burst=1 nodelay' } },
    },
    'lines.org': {
      listen: port,
      raw_http: zones,
      raw: 'limit_conn own 3;\n',
      locations: {
        '/': { proxy_pass },
        '/asks': { raw: 'limit_req zone=asks burst=1 nodelay;\n', try_files: ['/none', '@in'] },
        '@in': { return: '200 in' },
      },
    },
    'many.org': { listen: port, locations: { '/': { proxy_pass }, '/all': { proxy_pass, limit_conn: 0 } } },
  };
  await started(port, vhosts);
  const statuses = async (host: string, path: string, count: number) => {
    const asked = { path, method: 'GET', more: '' };
    const told = await Promise.all(Array.from({ length: count }, () => ask(port, host, asked)));
    return told.map((text) => text.split(' ')[1] as string).sort();
  };
  for (const host of ['field.org', 'lines.org']) {
    expect(await statuses(host, '/', 5)).toEqual(['200', '200', '200', '429', '429']);
    expect(await statuses(host, '/asks', 4)).toEqual(['200', '200', '429', '429']);
  }
  const many = await statuses('many.org', '/', 110);
  expect(many.filter((status) => status === '200')).toHaveLength(100);
  expect(many.filter((status) => status === '429')).toHaveLength(10);
  expect(new Set(await statuses('many.org', '/all', 110))).toEqual(new Set(['200']));
});

withNginx('each line of an access log in JSON is JSON, whatever a client sends', async () => {
  const port = await freePort();
  const log = join(tempDir(), 'access.log');
  const vhosts = { 'x.org': { listen: port, default_server: true, locations: { '/': { return: '200 in' } } } };
  await started(port, vhosts, { access_log_format: 'json' }, (text) => text.replace('/dev/stdout', log));
  const piece = fc.oneof(
    fc.constantFrom('"', '\\', '\\x', '\u2028', 'é', '日', '🎉', ' ', '\t', '}', '\u007f', '%00'),
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
  );
  const bytes = fc
    .array(piece, { maxLength: 8 })
    .map((pieces) => Buffer.concat(pieces.map((one) => Buffer.from(one as string))))
    .map((all) => Buffer.from(all.filter((byte) => byte !== 10 && byte !== 13 && byte !== 0)));
  // nginx refuses most odd hosts before it reads on.
  const host = fc.oneof({ weight: 4, arbitrary: fc.constant(Buffer.from('x.org')) }, { weight: 1, arbitrary: bytes });
  const samples = fc.sample(fc.record({ uri: bytes, host, agent: bytes, user: bytes }), { numRuns: 150, seed: SEED });
  const long = Buffer.concat([Buffer.from('é'.repeat(3_000)), Buffer.from([0xff]), Buffer.from('x'.repeat(1_000))]);
  samples.push({ uri: Buffer.from('a'), host: Buffer.from('x.org'), agent: long, user: Buffer.from('é') });
  let sent = 0;
  for (const { uri, host, agent, user } of samples) {
    const request = Buffer.concat([
      ...[Buffer.from('GET /'), uri, Buffer.from(' HTTP/1.1\r\nHost: '), host, Buffer.from('\r\nUser-Agent: '), agent],
      ...[Buffer.from('\r\nReferer: '), agent, Buffer.from('\r\nAuthorization: Basic ')],
      Buffer.from(`${Buffer.concat([user, Buffer.from(':x')]).toString('base64')}\r\nConnection: close\r\n\r\n`),
    ]);
    await new Promise<void>((done) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(request));
      socket
        .on('data', () => {})
        .on('close', () => done())
        .on('error', () => done());
    });
    sent += 1;
  }
  const told = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(log));
  const lines = told.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(sent);
  const entries = lines.map((line) => JSON.parse(line));
  expect(entries.filter(({ status }) => status === 200).length).toBeGreaterThan(20);
  expect(entries.at(-1)).toMatchObject({ status: 200, request_uri: '/a', host: 'x.org', remote_user: 'é' });
  expect(entries.at(-1).http_user_agent).toBe(`${'é'.repeat(3_000)}...`);
});
