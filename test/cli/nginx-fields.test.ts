import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { expect, onTestFinished } from 'vitest';
import type { Intent } from '../../generators/lib/model/intent.ts';
import { ask, freePort, started, withNginx } from '../support/nginx.ts';
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
