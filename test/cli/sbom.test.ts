import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makinaImage, tempDir } from '../support/run.ts';

/** An engine with one image, whose files are in EXPORTED; `npm run test:e2e -- --only pipeline` has a real one. */
const DOCKER = `#!/bin/sh
echo "$*" >> "$LOG"
case "$1" in
  image) case "$*" in *shop*) echo sha256:${'a'.repeat(64)} ;; *) exit 1 ;; esac ;;
  create) echo ${'b'.repeat(64)} ;;
  export) cat "$EXPORTED" ;;
esac
`;
const LONG = `srv/${'a-folder-with-a-long-name/'.repeat(12)}`;
const FILES: Record<string, string> = {
  'usr/lib/os-release': 'PRETTY_NAME="Debian"\nVERSION_ID="13"\nID=debian\n',
  'var/lib/dpkg/status': [
    'Package: nginx\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.26.3-3+deb13u1',
    'Package: libssl3t64\nStatus: install ok installed\nSource: openssl (3.5.1-1)\nArchitecture: amd64\nVersion: 3.5.1-1+b1',
    'Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1',
    'Package: evil\u001b[2J\nStatus: install ok installed\nArchitecture: all\nVersion: 1',
    'Status: install ok installed\nVersion: 1',
    '',
  ].join('\n\n'),
  [`${LONG}Django_Rest.dist-info/METADATA`]:
    'Metadata-Version: 2.1\r\nName: Django_Rest\r\nVersion: 1.0\r\n\r\nName: no\n',
  'srv/app/node_modules/@scope/tool/package.json': '{"name": "@scope/tool", "version": "2.0.0"}',
  'srv/app/node_modules/broken/package.json': '{"name": {"a": 1}, "version": null',
  'srv/app/node_modules/none/package.json': 'null',
  'srv/app/vendor/composer/installed.json': '{"packages": [{"name": "a/b", "version": "3"}, null, {"name": 1}]}',
  'srv/app/README': 'not read',
};

const work = mkdtempSync(join(tmpdir(), 'makina-image-sbom-'));
afterAll(() => rmSync(work, { recursive: true }));
const PATH = join(work, 'bin');
const env = { PATH, LOG: join(work, 'log'), EXPORTED: join(work, 'image.tar') };
const run = (...args: string[]) => makinaImage(work, ['sbom', 'shop', ...args], { env });
/** Packs files as an engine exports them. */
async function pack(files: Record<string, string>, format: string) {
  const folder = tempDir();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  symlinkSync('/etc/passwd', join(folder, 'link'));
  await execa('tar', [`--format=${format}`, '-cf', env.EXPORTED, '-C', folder, '.']);
}
beforeAll(async () => {
  mkdirSync(PATH);
  symlinkSync(process.execPath, join(PATH, 'node'));
  writeFileSync(join(PATH, 'docker'), DOCKER);
  chmodSync(join(PATH, 'docker'), 0o755);
  symlinkSync('/bin/cat', join(PATH, 'cat'));
  await makinaImage(work, ['new', 'shop', '--yes']);
});

describe.each(['pax', 'gnu'])('an archive in the format %s', (format) => {
  test('gives the packages of Debian, Python, Node and PHP, and nothing that is broken', async () => {
    await pack(FILES, format);
    const { exitCode, stdout, stderr } = await run();
    expect([exitCode, stderr]).toEqual([0, '']);
    const bom = JSON.parse(stdout);
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
    expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(bom.components.map((each: { 'bom-ref': string }) => each['bom-ref'])).toEqual([
      'os:debian',
      'pkg:composer/a/b@3',
      'pkg:deb/debian/libssl3t64@3.5.1-1%2Bb1?arch=amd64&distro=debian-13&upstream=openssl%403.5.1-1',
      'pkg:deb/debian/nginx@1.26.3-3%2Bdeb13u1?arch=amd64&distro=debian-13',
      'pkg:npm/%40scope/tool@2.0.0',
      'pkg:pypi/django-rest@1.0',
    ]);
    expect((await run()).stdout).toBe(stdout);
    expect(readFileSync(env.LOG, 'utf8')).toContain(`rm --force --volumes ${'b'.repeat(64)}`);
  });
});

test.each<[string, () => Promise<void> | void, string[], number, RegExp]>([
  [
    'an archive that ends early',
    () => writeFileSync(env.EXPORTED, Buffer.alloc(700, 'x')),
    [],
    1,
    /no list of packages/,
  ],
  ['nothing', () => writeFileSync(env.EXPORTED, ''), [], 1, /^makina-image: shop has no list of packages/],
  ['an image that is not there', () => {}, ['--image', 'mail'], 1, /docker has no image mail; build it first/],
  ['a flag in the place of an image', () => {}, ['--image', '--help-me'], 2, /--image/],
  ['no folder', () => {}, ['--output', 'none/a.json'], 2, /there is no folder .*none for --output; create it first/],
  ['a folder in the place of a file', () => {}, ['--output', 'shop'], 2, /shop is a folder; --output takes/],
])('%s', async (_, prepare, args, code, sentence) => {
  await prepare();
  const { exitCode, stdout, stderr } = await run(...args);
  expect([exitCode, stdout, stderr]).toEqual([code, '', expect.stringMatching(sentence)]);
});

test('--output writes a file', async () => {
  await pack(FILES, 'pax');
  const { stdout } = await run('--output', 'list.json');
  expect(stdout).toBe('list.json lists what is in the image');
  expect(existsSync(join(work, 'list.json'))).toBe(true);
});
