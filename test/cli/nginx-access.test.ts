import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createSocket } from 'node:net';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, onTestFinished } from 'vitest';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { type Rendered, render, renderBase } from '../../generators/lib/render/render.ts';
import { answers, type Guarded, guarded, INSIDE, OPEN } from '../support/guarded.ts';
import { needs, works } from '../support/needs.ts';
import { tempDir } from '../support/run.ts';

const PYTHON = process.env.TOOLS_PYTHON ?? 'python3';
const SEED = Number(process.env.SEED ?? Date.now() % 10 ** 6);
const CASES = Number(process.env.ACCESS_CASES ?? 60);
const withNginx = needs('nginx', works('nginx', '-v') && works(PYTHON, '-c', 'import jinja2, yaml, circus'));

/** What somebody asks who may not come in. */
const PLAIN = ['/a', '/a/', '/a/x', '/ax', '/a/x?a=1', '/a/.x', '/a/%78', '//a/x', '/a/none'];
const REQUESTS = [
  ...PLAIN.map((path) => ({ path, method: 'GET', more: '' })),
  // What nginx may refuse before it asks who it is.
  { path: '/a/x', method: 'POST', more: 'Content-Length: 9999999\r\n' },
  { path: '/a/x', method: 'GET', more: 'Host: another\r\n' },
];
type Asked = (typeof REQUESTS)[number];

function unpack({ files }: Rendered, root: string): void {
  for (const [path, { bytes }] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createSocket().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

const ask = (port: number, domain: string, { path, method, more }: Asked) =>
  new Promise<string>((resolve) => {
    let told = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${domain}\r\n${more}Connection: close\r\n\r\n`),
    );
    socket.setTimeout(3_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (data) => {
      told += data;
      // nginx keeps the connection for a body that never comes.
      const [head = '', body = ''] = told.split('\r\n\r\n');
      if (body !== '' && body.length >= Number(/^content-length: (\d+)/im.exec(head)?.[1]))
        socket.end(() => resolve(told));
    });
    socket.on('end', () => resolve(told)).on('error', (error) => resolve(String(error)));
  });

/** The text of nginx.conf, with users and everything else in one folder. */
async function configuration(root: string, vhosts: Intent): Promise<string> {
  const { image, problems } = complete({ name: 'demo', demo: false, vhosts });
  expect(problems).toBeUndefined();
  unpack(render(image as Image), join(root, 'demo'));
  unpack(renderBase(), join(root, 'base'));
  const script = join(packageRoot, 'test/support/render_sls.py');
  await execa(PYTHON, [script, join(root, 'demo'), join(root, 'base'), join(root, 'out')], { maxBuffer: 1e9 });
  const written = readFileSync(join(root, 'out/etc/makina-projects/demo/nginx/nginx.conf'), 'utf8');
  writeFileSync(join(root, 'users'), 'joe:$apr1$abcdefgh$0123456789abcdefghijkl\n');
  return written
    .replace('/run/nginx.pid', join(root, 'nginx.pid'))
    .replaceAll(/\/etc\/makina-projects\/demo\/nginx\/users\/\w+/g, join(root, 'users'))
    .replaceAll(/^( *listen )(?=\d)/gm, '$1127.0.0.1:');
}

/** Takes out the virtual hosts that nginx itself refuses. @returns their names, with nginx's reason */
async function withoutRefused(file: string): Promise<string[]> {
  const refused: string[] = [];
  for (;;) {
    const { exitCode, stderr } = await execa('nginx', ['-t', '-q', '-c', file], { reject: false, stdout: 'ignore' });
    if (exitCode === 0) return refused;
    const line = Number(stderr.match(/\[emerg\].*:(\d+)$/m)?.[1]);
    const lines = readFileSync(file, 'utf8').split('\n');
    const from = lines.lastIndexOf('    server {', line - 1);
    const to = lines.indexOf('    }', from);
    if (!(from > 0 && to >= line - 1)) throw new Error(`SEED=${SEED}: ${stderr}`);
    const [, name] =
      lines
        .slice(from, to)
        .join('\n')
        .match(/server_name "([^"]*)"/) ?? [];
    refused.push(`${name}: ${stderr}`);
    writeFileSync(file, [...lines.slice(0, from), ...lines.slice(to + 1)].join('\n'));
  }
}

/** Whether the path belongs to what the rule guards. */
function isInside({ where, isAbove }: Guarded, path: string): boolean {
  const plain = decodeURIComponent(path.split('?')[0] as string).replace('//', '/');
  const shapes: Record<string, RegExp> = { '= /a': /^\/a$/, '/a/': /^\/a\//, '^~ /a/': /^\/a\// };
  // nginx takes what stands in a plain location first: dot files are hidden before a regular expression counts.
  if (!isAbove && where.startsWith('~') && plain.includes('/.')) return false;
  return isAbove || (shapes[where] ?? /^\/a/).test(plain);
}

withNginx(
  'real nginx keeps everybody out of what the model accepts with a rule',
  async () => {
    console.log(`SEED=${SEED}`);
    const root = tempDir();
    chmodSync(root, 0o755);
    const folder = join(root, 'inside');
    mkdirSync(join(folder, 'a'), { recursive: true });
    for (const path of ['x', 'a/x', 'a/.x', 'ax', 'a/index.html']) writeFileSync(join(folder, path), INSIDE);
    const program = createServer((_, answer) => answer.end(INSIDE)).listen(0, '127.0.0.1');
    onTestFinished(() => void program.close());
    const places = { port: await freePort(), backend: (program.address() as AddressInfo).port, folder };

    const samples = new Map<string, Guarded>();
    for (const sample of fc.sample(guarded(places), { seed: SEED, numRuns: 20 * CASES })) {
      const domain = `g${samples.size}.example.com`;
      if (complete({ name: 'demo', demo: false, vhosts: { [domain]: sample.vhost } }).problems) continue;
      samples.set(domain, sample);
      if (samples.size === CASES) break;
    }
    expect(samples.size).toBe(CASES);
    // Without a rule the same answers give it: none is kept in only because it is broken.
    const open = answers(places).filter((answer) => !('fastcgi_pass' in answer));
    const controls = open.map((answer, index): [string, Intent] => {
      const app = { proxy_pass: `http://127.0.0.1:${places.backend}` };
      const locations = { '/a/': answer, '/open/': { return: `200 ${INSIDE}` }, '@app': app };
      return [`o${index}.example.com`, { listen: places.port, locations }];
    });
    const zone = {
      listen: places.port,
      raw_http: 'limit_req_zone $server_name zone=slow:1m rate=1r/m;',
      locations: {},
    };
    const file = join(root, 'nginx.conf');
    const vhosts = Object.fromEntries([...[...samples].map(([domain, { vhost }]) => [domain, vhost]), ...controls]);
    writeFileSync(file, await configuration(root, { ...vhosts, 'zone.example.com': zone }));
    const refused = await withoutRefused(file);
    for (const one of refused) samples.delete(one.split(':')[0] as string);
    expect(samples.size, refused.join('\n')).toBeGreaterThan(0.8 * CASES);

    const nginx = spawn('nginx', ['-c', file], { stdio: ['ignore', 'ignore', 'ignore'] });
    onTestFinished(() => void nginx.kill());
    await expect
      .poll(() => ask(places.port, 'o0.example.com', REQUESTS[2] as Asked), { timeout: 10_000 })
      .toContain(INSIDE);
    for (const [domain] of controls) expect(await ask(places.port, domain, REQUESTS[2] as Asked)).toContain(INSIDE);

    const holes: string[] = [];
    const statuses: Record<string, number> = {};
    for (const [domain, sample] of samples) {
      for (const asked of REQUESTS) {
        if (!isInside(sample, asked.path)) continue;
        const told = await ask(places.port, domain, asked);
        const status = Number(told.split(' ')[1]);
        statuses[status] = (statuses[status] ?? 0) + 1;
        const text = JSON.stringify(sample.vhost);
        // Also an error page that redirects, and `auth_request` that gets neither a yes nor a no.
        const isRefusal =
          [401, 403].includes(status) ||
          (status === 302 && text.includes('=302')) ||
          (status === 500 && text.includes('auth_request /auth'));
        // What nginx does before it asks who it is gives nothing of what is inside: a bare refusal, another URL, an open page.
        const isEarly =
          asked.more !== '' ||
          told.includes('\r\nLocation: /a/\r\n') ||
          /"internal":true|limit_req zone|limit_except|rewrite|location ~|return 4\d\d;/.test(text);
        const isNothing = (status >= 300 && status < 500) || status === 503 || (status === 200 && told.endsWith(OPEN));
        if (told.includes(INSIDE) || !(isRefusal || (isEarly && isNothing)))
          holes.push([`${asked.method} ${asked.path} ${asked.more}`, text, told].join('\n'));
      }
    }
    expect(holes.length, `SEED=${SEED}\n${holes.slice(0, 3).join('\n\n')}`).toBe(0);
    console.log(JSON.stringify(statuses), refused.length, 'refused by nginx');
    const asked = Object.values(statuses).reduce((sum, count) => sum + count, 0);
    expect(asked).toBeGreaterThan(6 * CASES);
    expect((statuses[401] ?? 0) + (statuses[403] ?? 0)).toBeGreaterThan(0.4 * asked);
  },
  300_000,
);
