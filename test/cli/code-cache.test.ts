import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { codeCacheOf } from '../../generators/bin/code-cache.ts';
import { needs } from '../support/needs.ts';
import { startMakinaImage, tempDir } from '../support/run.ts';

let home: string;
beforeEach(() => {
  home = join(tempDir(), 'home');
  fs.mkdirSync(join(home, '.cache'), { recursive: true, mode: 0o755 });
});
const folder = () => join(home, '.cache/makina-image');
const kept = () => (fs.existsSync(folder()) ? fs.readdirSync(folder()) : []);
const run = (...words: string[]) => startMakinaImage(home, words, { env: { HOME: home, XDG_CACHE_HOME: '' } });

describe('what V8 compiled', () => {
  test('is kept by the first run, and used by the next, which writes nothing', async () => {
    expect((await run('--version')).exitCode).toBe(0);
    const [name = ''] = kept();
    expect(kept()).toEqual([expect.stringMatching(new RegExp(`^${process.version}-${process.arch}-[0-9a-f]{64}$`))]);
    expect(fs.statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
    const before = fs.statSync(join(folder(), name), { bigint: true });
    expect((await run('new', 'demo', '--yes')).exitCode).toBe(0);
    const after = fs.statSync(join(folder(), name), { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
  });

  test('is made anew where it is of another V8, or broken, or a build ago', async () => {
    await run('--version');
    const [name = ''] = kept();
    fs.writeFileSync(join(folder(), name), 'broken');
    fs.writeFileSync(join(folder(), name.replace(/.$/, 'x')), 'of another build');
    expect((await run('--version')).exitCode).toBe(0);
    expect(kept()).toEqual([name]);
    expect(fs.statSync(join(folder(), name)).size).toBeGreaterThan(10_000);
  });

  const turned = (bytes: Buffer, at: number) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
  test.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['zeros at its end', (bytes) => bytes.map((byte, index) => (index < 65_536 ? byte : 0))],
    ['nothing at its end', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['one bit that turned', (bytes) => turned(bytes, bytes.length >> 1)],
    ['one bit of its hash that turned', (bytes) => turned(bytes, 0)],
  ])('is made anew with %s: V8 would run it', async (_, damage) => {
    await run('--version');
    const path = join(folder(), kept()[0] as string);
    const damaged = damage(fs.readFileSync(path));
    fs.writeFileSync(path, damaged);
    expect(await run('--version')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(fs.readFileSync(path).equals(damaged)).toBe(false);
    expect(await run('new', 'demo', '--yes', '--dry-run')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  needs('root', process.getuid?.() === 0)('makes no folder in the home of another user', () => {
    fs.rmdirSync(join(home, '.cache'));
    fs.chownSync(home, 12345, 12345);
    const env = { HOME: home };
    codeCacheOf('1', env)?.keep(Buffer.from('code'));
    expect(fs.readdirSync(home)).toEqual([]);
    const elsewhere = tempDir();
    fs.symlinkSync(elsewhere, join(home, '.cache'));
    codeCacheOf('1', env)?.keep(Buffer.from('code'));
    expect(fs.readdirSync(elsewhere)).toEqual([]);
  });

  test.each<[string, () => void]>([
    ['a folder that others can write to', () => fs.chmodSync(folder(), 0o777)],
    ['a folder above it that others can write to', () => fs.chmodSync(join(home, '.cache'), 0o775)],
    ['a file that others can write to', () => fs.chmodSync(join(folder(), kept()[0] as string), 0o666)],
    [
      'a folder behind a link',
      () => {
        fs.renameSync(folder(), join(home, 'elsewhere'));
        fs.symlinkSync(join(home, 'elsewhere'), folder());
      },
    ],
    [
      'a file behind a link',
      () => {
        const path = join(folder(), kept()[0] as string);
        fs.renameSync(path, join(home, 'elsewhere'));
        fs.symlinkSync(join(home, 'elsewhere'), path);
      },
    ],
    ...(process.getuid?.() === 0
      ? ([
          ['a folder of another user', () => fs.chownSync(folder(), 12345, 12345)],
          ['a file of another user', () => fs.chownSync(join(folder(), kept()[0] as string), 12345, 12345)],
          ['a cache of another user', () => fs.chownSync(join(home, '.cache'), 12345, 12345)],
        ] as [string, () => void][])
      : []),
  ])('is not taken from %s', (_, prepare) => {
    const env = { HOME: home };
    codeCacheOf('1', env)?.keep(Buffer.from('code'));
    expect(codeCacheOf('1', env)?.code?.toString()).toBe('code');
    prepare();
    expect(codeCacheOf('1', env)?.code).toBe(undefined);
  });

  test('is of one source alone, in XDG_CACHE_HOME where that is set', () => {
    codeCacheOf('1', { HOME: home, XDG_CACHE_HOME: join(home, 'xdg') })?.keep(Buffer.from('code'));
    expect(kept()).toEqual([]);
    expect(fs.readdirSync(join(home, 'xdg/makina-image'))).toHaveLength(1);
    expect(codeCacheOf('2', { HOME: home, XDG_CACHE_HOME: join(home, 'xdg') })?.code).toBe(undefined);
    for (const env of [{}, { HOME: '' }, { HOME: 'here' }, { HOME: home, XDG_CACHE_HOME: 'here' }])
      expect(codeCacheOf('1', env)).toBe(undefined);
  });

  test('is done without where nothing can be written', async () => {
    fs.rmdirSync(join(home, '.cache'));
    fs.writeFileSync(join(home, '.cache'), '');
    const { exitCode, stdout, stderr } = await run('--version');
    expect([exitCode, stderr, stdout]).toEqual([0, '', expect.stringMatching(/^\d/)]);
    expect(fs.readFileSync(join(home, '.cache'), 'utf8')).toBe('');
  });
});
