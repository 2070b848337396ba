import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { buildArguments, runArguments } from '../../generators/lib/engine/arguments.ts';
import { failed, unusable } from '../../generators/lib/engine/failures.ts';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { version } from '../../generators/lib/package.ts';
import { runtimeHash } from '../../generators/lib/render/runtime-files.ts';
import { isCurrentBase } from '../../generators/lib/verbs/build.ts';
import { statusOf } from '../../generators/lib/verbs/up.ts';

const { image } = complete({ name: 'shop', volumes: ['/srv/media'] }) as { image: Image };

describe('what an engine gets', () => {
  test('a build names the Dockerfile, the image and each build argument', () => {
    const options = { folder: '/p', dockerfile: '/p/project/Dockerfile', image: 'shop', buildArgs: ['A=1', 'B'] };
    expect(buildArguments('docker', { ...options, isFresh: false })).toEqual(
      'build --build-arg A=1 --build-arg B --tag shop --file /p/project/Dockerfile /p'.split(' '),
    );
  });
  test('podman keeps the health check, and a fresh build uses no cache', () => {
    const options = { folder: '/p', dockerfile: '/p/Dockerfile', image: 'shop', buildArgs: [], isFresh: true };
    expect(buildArguments('podman', options).slice(0, 4)).toEqual(['build', '--format', 'docker', '--no-cache']);
  });
  const run = { root: '/home/me/shop', name: 'shop', tag: 'shop', ports: ['9000:80'], environment: {}, live: [] };
  test('a container gets the data folder, the volumes, the port and its time to stop', () => {
    expect(runArguments(image, run).join(' ')).toBe(
      'run --detach --name shop --label makina-image.project=/home/me/shop --publish 9000:80 --stop-timeout 10' +
        ' --mount type=bind,"source=/home/me/shop/data","target=/srv/projects/shop/data" --volume shop-srv-media:/srv/media shop',
    );
  });
  test('another container gets volumes of its own, and variables as they are', () => {
    const other = { ...run, name: 'shop-test-1', tag: 'shop:2', ports: [], environment: { A: 'b c=d' } };
    const words = runArguments(image, other);
    expect(words.slice(-3)).toEqual(['--volume', 'shop-test-1-srv-media:/srv/media', 'shop:2']);
    expect(words[words.indexOf('--env') + 1]).toBe('A=b c=d');
    expect(words).not.toContain('--publish');
  });
  test('commas, colons and quotes of a path stay in it', () => {
    const words = runArguments(image, { ...run, root: '/home/me/a,b:"c"', live: ['app'] });
    expect(words).toContain('type=bind,"source=/home/me/a,b:""c""/data","target=/srv/projects/shop/data"');
    expect(words).toContain(
      'type=bind,"source=/home/me/a,b:""c""/project/app","target=/srv/projects/shop/project/app",readonly',
    );
  });
});

test.each([
  ['Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock', /group/],
  ['Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?', /start it/],
  ['Error: something else.', /^docker cannot be used: Error: something else; its output has more$/],
])('an engine that cannot be used is one sentence: %s', (output, expected) => {
  expect(unusable('docker', output)).toMatch(/^docker cannot be used: .*$/);
  expect(unusable('docker', output)).toMatch(expected);
});

test.each([
  ['Bind for 0.0.0.0:8080 failed: port is already allocated.', /--publish/],
  ['write /var/lib/docker/tmp/x: no space left on device', /the disk is full/],
  ['SSLError(SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed', /--certificate/],
  ["W: Failed to fetch http://deb.example.com Temporary failure resolving 'deb.example.com'", /https_proxy/],
  ['step one\nexecutor failed running [/bin/sh -c x]: exit code: 3.', /exit code: 3; its output has more$/],
  [
    'config.json: permission denied\nSending build context to Docker daemon\nit broke',
    /: it broke; its output has more$/,
  ],
])('a failure is one sentence: %s', (output, expected) => {
  expect(failed('docker build', output)).toMatch(/^docker build failed: .*$/);
  expect(failed('docker build', output)).toMatch(expected);
});

test.each([
  ['of this version', version, runtimeHash(), true],
  ['of this version, with an earlier runtime', version, 'abc', false],
  ['of this version, without a hash', version, undefined, false],
  ['of a trial of this version', `${version}.1`, 'abc', false],
  ['of a newer version', '99.0.0', 'abc', true],
  ['of an older version', '0.3.9', runtimeHash(), false],
  ['of no version', undefined, runtimeHash(), false],
])('a base image %s can stay: %s', (_, label, hash, stays) => {
  const labels = { 'org.opencontainers.image.version': label, 'makina-image.runtime-hash': hash };
  expect(isCurrentBase(JSON.stringify(labels))).toBe(stays);
});
test('a base image that is not there is built', () => {
  expect(isCurrentBase('[]\n')).toBe(false);
});

describe('the first page', () => {
  test.each([
    [[502, 503, 200], 200],
    [[302], 302],
    [[404], 404],
  ])('is asked for until a program answers: %j', async (statuses, last) => {
    const left = [...statuses];
    const server = createServer((_, response) => response.writeHead(left.shift() ?? 500).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      expect([await statusOf(port, AbortSignal.timeout(5000)), left]).toEqual([last, []]);
    } finally {
      server.close();
    }
  });
  test('is waited for no longer than the signal says', async () => {
    const server = createServer((_, response) => response.writeHead(502).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await statusOf(port, AbortSignal.timeout(500))).toBe(502);
    server.close();
    expect(await statusOf(port, AbortSignal.timeout(500))).toBeUndefined();
  });
});
