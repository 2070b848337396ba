import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makinaImage } from '../support/run.ts';

/** Without an engine, or with one that has nothing and builds nothing; `npm run test:e2e -- --only self-test` has a real one. */
const PATH = mkdtempSync(join(tmpdir(), 'makina-image-path-'));
const dir = mkdtempSync(join(tmpdir(), 'makina-image-test-'));
const TMPDIR = mkdtempSync(join(tmpdir(), 'makina-image-tmp-'));
const docker = join(PATH, 'docker');
beforeAll(async () => {
  symlinkSync(process.execPath, join(PATH, 'node'));
  writeFileSync(
    docker,
    '#!/bin/sh\ncase "$1" in build) echo "]]> it <broke>" >&2; exit 1;; container | image | logs) exit 1;; esac\n',
  );
  chmodSync(docker, 0o755);
  await makinaImage(dir, ['new', 'shop', '--yes']);
});
afterAll(() => {
  for (const folder of [dir, PATH, TMPDIR]) rmSync(folder, { recursive: true });
});
const run = (...args: string[]) => makinaImage(dir, ['test', 'shop', ...args], { env: { PATH, TMPDIR } });

describe('what cannot be used is refused before anything is built', () => {
  test.each<[string[], string]>([
    [['--image', 'shop:1', '--fresh'], '--image builds nothing; leave out --fresh, or --image'],
    [['--image', 'shop:1', '--build-arg', 'A=1'], '--image builds nothing; leave out --build-arg, or --image'],
    [['--junit', 'none/report.xml'], `there is no folder ${dir}/none for --junit; create it first`],
    [['--junit', 'shop'], `${dir}/shop is a folder; --junit takes the name of a file`],
    [['--certificate', 'none.pem'], `${dir}/none.pem is not a file; --certificate takes the file of a certificate`],
  ])('%j', async (args, sentence) => {
    const { exitCode, stderr } = await run(...args);
    expect([exitCode, stderr]).toEqual([2, `makina-image: ${sentence}`]);
  });
  test('test.yaml', async () => {
    const file = join(dir, 'shop/test.yaml');
    writeFileSync(file, 'requests: [{path: a}]\n');
    const { exitCode, stdout, stderr } = await run();
    rmSync(file);
    const sentence = 'requests.0.path must start with / and be ASCII without spaces; write others as %20 and the like';
    expect([exitCode, stdout, stderr]).toEqual([
      2,
      '',
      `makina-image: ${file} cannot be used, nothing was tested:\n  ${sentence}; correct it there`,
    ]);
  });
});

test('a build that fails is reported, and leaves nothing', async () => {
  const { exitCode, stdout } = await run('--junit', 'report.xml');
  expect(exitCode).toBe(1);
  expect(stdout.replaceAll(/\d+\.\d s/g, 'N s')).toBe(
    'FAILED shop is built (N s): docker build failed: ]]> it <broke>; its output has more\n' +
      'ok nothing is left (N s)\n1 passed, 1 failed',
  );
  const report = readFileSync(join(dir, 'report.xml'), 'utf8');
  expect(report).toContain('<failure message="docker build failed: ]]&gt; it &lt;broke&gt;; its output has more">');
  expect(report).toMatch(/<testsuite name="shop" tests="2" failures="1" /);
  expect(readdirSync(TMPDIR)).toEqual([]);
});

test('an image that is not there is reported; --quiet prints nothing else', async () => {
  const { exitCode, stdout, stderr } = await run('--image', 'shop:1', '--quiet');
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    /^FAILED the image shop:1 is there \(\d+\.\d s\): docker has no image shop:1; build or pull it first$/,
  );
  expect(exitCode).toBe(1);
  expect(existsSync(join(dir, 'shop/data/configuration'))).toBe(true);
});
