import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { onTestFinished } from 'vitest';

/** A version of a package, as a registry has it. */
export interface Published {
  version: string;
  tarball: Buffer;
}

/** Packs a version of the generator under a name with a scope. @param change is given the folder before that */
export function packed(folder: string, version: string, work: string, change?: (folder: string) => void): Published {
  const copy = join(work, 'package');
  rmSync(copy, { recursive: true, force: true });
  for (const name of ['dist', 'templates', 'package.json'])
    cpSync(join(folder, name), join(copy, name), { recursive: true });
  const about = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8'));
  const scripts = { preinstall: 'touch /tmp/never', prepack: 'touch /tmp/never', prepare: 'touch /tmp/never' };
  writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...about, name: '@acme/generator', version, scripts }));
  appendFileSync(join(copy, 'CHANGELOG.md'), '');
  change?.(copy);
  execaSync('tar', ['-czf', join(work, 'packed.tgz'), '-C', work, 'package']);
  return { version, tarball: readFileSync(join(work, 'packed.tgz')) };
}

/** A registry of one package, @acme/generator. @returns its address, and a function that publishes a version */
export async function registry() {
  let newest: Published | undefined;
  const server = createServer((request, response) => {
    const address = `http://${request.headers.host}`;
    if (!newest) return void response.writeHead(404).end();
    if (request.url?.endsWith('.tgz')) return void response.end(newest.tarball);
    const { version, tarball } = newest;
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const dist = { tarball: `${address}/generator-${version}.tgz`, integrity };
    const versions = { [version]: { name: '@acme/generator', version, dist } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name: '@acme/generator', 'dist-tags': { latest: version }, versions }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    publish: (version: Published) => {
      newest = version;
    },
  };
}
