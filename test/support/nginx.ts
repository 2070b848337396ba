/** Real nginx, with the configuration that a project comes to. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createSocket } from 'node:net';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished } from 'vitest';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { type Rendered, render, renderBase } from '../../generators/lib/render/render.ts';
import { needs, works } from './needs.ts';
import { tempDir } from './run.ts';

const PYTHON = process.env.TOOLS_PYTHON ?? 'python3';
export const withNginx = needs('nginx', works('nginx', '-v') && works(PYTHON, '-c', 'import jinja2, yaml, circus'));

export interface Asked {
  path: string;
  method: string;
  /** More headers, each with its line break. */
  more: string;
}

function unpack({ files }: Rendered, root: string): void {
  for (const [path, { bytes }] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
}

/** A port of 127.0.0.1 on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createSocket().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** The answer to a request, as it comes. */
export const ask = (port: number, domain: string, { path, method, more }: Asked) =>
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

/** The text of nginx.conf, with users, one certificate and everything else in one folder. */
export async function configuration(root: string, vhosts: Intent, more: Intent = {}): Promise<string> {
  const { image, problems } = complete({ name: 'demo', demo: false, vhosts, ...more });
  if (problems) throw new Error(JSON.stringify(problems));
  unpack(render(image as Image), join(root, 'demo'));
  unpack(renderBase(), join(root, 'base'));
  const script = join(packageRoot, 'test/support/render_sls.py');
  await execa(PYTHON, [script, join(root, 'demo'), join(root, 'base'), join(root, 'out')], { maxBuffer: 1e9 });
  const written = readFileSync(join(root, 'out/etc/makina-projects/demo/nginx/nginx.conf'), 'utf8');
  for (const { ssl_cert, ssl_key } of Object.values(vhosts) as Intent[])
    for (const [end, text] of Object.entries({ crt: ssl_cert, key: ssl_key }))
      if (text) writeFileSync(join(root, `ssl.${end}`), text as string);
  writeFileSync(join(root, 'users'), 'joe:$apr1$abcdefgh$0123456789abcdefghijkl\n');
  return written
    .replace('/run/nginx.pid', join(root, 'nginx.pid'))
    .replaceAll(/\/etc\/makina-projects\/demo\/nginx\/users\/\w+/g, join(root, 'users'))
    .replaceAll(/\/etc\/makina-projects\/demo\/nginx\/ssl\/\w+\./g, join(root, 'ssl.'))
    .replaceAll(/^( *listen )(?=\d)/gm, '$1127.0.0.1:');
}

/**
 * Starts nginx with some virtual hosts of a port, until the test ends.
 * @param more other answers of the image
 * @param change of the text of the configuration
 * @returns what stops it before
 */
export async function started(
  port: number,
  vhosts: Intent,
  more: Intent = {},
  change = (text: string) => text,
): Promise<() => Promise<void>> {
  const root = tempDir();
  chmodSync(root, 0o755);
  const file = join(root, 'nginx.conf');
  writeFileSync(file, change(await configuration(root, vhosts, more)));
  await execa('nginx', ['-t', '-q', '-c', file], { stdout: 'ignore' });
  const nginx = spawn('nginx', ['-c', file], { stdio: 'ignore' });
  onTestFinished(() => void nginx.kill());
  await expect
    .poll(() => ask(port, 'none.invalid', { path: '/', method: 'GET', more: '' }), { timeout: 10_000 })
    .not.toContain('ECONNREFUSED');
  return async () => {
    nginx.kill();
    await once(nginx, 'exit');
  };
}
