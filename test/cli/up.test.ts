import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makinaImage } from '../support/run.ts';

/** Without an engine; `npm run test:e2e -- --only up` has one. */
const PATH = mkdtempSync(join(tmpdir(), 'makina-image-path-'));
symlinkSync(process.execPath, join(PATH, 'node'));
const dir = mkdtempSync(join(tmpdir(), 'makina-image-test-'));
beforeAll(() => makinaImage(dir, ['new', 'shop', '--yes']));
afterAll(() => {
  for (const folder of [dir, PATH]) rmSync(folder, { recursive: true });
});

describe.each(['up', 'down', 'test'])('%s', (verb) => {
  test.each<[string[], number, RegExp]>([
    [['shop', '--engine', 'podman'], 1, /there is no podman in PATH; install it$/],
    [['shop'], 1, /there is no docker and no podman in PATH; install one of them$/],
    [['.'], 1, /is not in a project of this generator; go to the folder of one, or start one with makina-image new$/],
    [['nosuch'], 1, /nosuch is not there; name the folder of a project$/],
    [['shop', 'x'], 2, new RegExp(`${verb} takes one folder, not 2 words: shop x$`)],
    [['shop', '--engine', 'lxc'], 2, /--engine must be one of docker, podman, not "lxc"$/],
  ])('%j is refused with a sentence', async (args, code, sentence) => {
    const { exitCode, stderr } = await makinaImage(dir, [verb, ...args], { env: { PATH } });
    expect(stderr).toMatch(sentence);
    expect(exitCode).toBe(code);
  });
});

test.each(['up', 'test'])('%s of a project with services names the missing Compose before it builds', async (verb) => {
  await makinaImage(dir, ['new', 'beside', '--yes', '--services', '{"db": {"kind": "redis"}}']);
  const bin = mkdtempSync(join(dir, 'bin-'));
  symlinkSync(process.execPath, join(bin, 'node'));
  symlinkSync('/bin/sh', join(bin, 'sh'));
  writeFileSync(join(bin, 'docker'), '#!/bin/sh\ntest "$1" = ps\n', { mode: 0o755 });
  const { exitCode, stderr } = await makinaImage(dir, [verb, 'beside'], { env: { PATH: bin } });
  expect([exitCode, stderr]).toEqual([
    1,
    'makina-image: the project has services, and neither docker compose nor docker-compose is there to start them; install one of them',
  ]);
});

test.runIf(process.getuid?.() === 0)('up starts nothing while a restore is unfinished', async () => {
  await makinaImage(dir, ['new', 'half', '--yes']);
  const own = join(dir, 'half/data/.makina-restore');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const bin = mkdtempSync(join(dir, 'bin-'));
  symlinkSync(process.execPath, join(bin, 'node'));
  symlinkSync('/bin/sh', join(bin, 'sh'));
  writeFileSync(join(bin, 'docker'), '#!/bin/sh\ntest "$1" = ps\n', { mode: 0o755 });
  const up = () => makinaImage(dir, ['up', 'half'], { env: { PATH: bin } });
  const { exitCode, stderr } = await up();
  expect(stderr).toMatch(
    /half\/data has a restore that is under way or was interrupted; run makina-image restore-data/,
  );
  expect(exitCode).toBe(1);
  // One of a program.
  chownSync(own, 900, 900);
  expect((await up()).stderr).not.toMatch(/restore/);
});

test.each(['0', '65536', 'http', '80 '])('up takes no port %j', async (port) => {
  const { exitCode, stderr } = await makinaImage(dir, ['up', 'shop', '--publish', port]);
  expect([exitCode, stderr]).toEqual([2, `makina-image: --publish takes a port from 1 to 65535, not ${port}`]);
});
