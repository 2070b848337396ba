import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { openArchive } from '../../generators/lib/verbs/backup/archive.ts';
import type { Manifest, Part } from '../../generators/lib/verbs/backup/manifest.ts';
import { Output, refuseOutput, removeUnfinished } from '../../generators/lib/verbs/backup/output.ts';
import { readTarHeader, TAR_END, tarHeader, tarPadding } from '../../generators/lib/verbs/backup/tar.ts';
import { BACKUP, backupOf } from '../support/backup.ts';
import { tempDir } from '../support/run.ts';

const never = new AbortController().signal;
describe('the file of a backup', () => {
  test('is a tar with checksums, for its owner alone', async () => {
    const dir = tempDir();
    const file = join(dir, 'b.tar');
    await backupOf(file, { data: 'x'.repeat(700), 'shop-media': '' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['b.tar']);
    const out = join(dir, 'out');
    mkdirSync(out);
    execFileSync('tar', ['-xf', file, '-C', out]);
    expect(readdirSync(out).sort()).toEqual(['SHA256SUMS', 'data.tar', 'manifest.json', 'shop-media.tar']);
    execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: out });
    const archive = await openArchive(file, never);
    const [data, media] = archive.manifest.parts as [Part, Part];
    expect([await text(archive.read(data)), await text(archive.read(media))]).toEqual(['x'.repeat(700), '']);
    archive.close();
  });
  test('never replaces another one, and leaves nothing behind', async () => {
    const dir = tempDir();
    const file = join(dir, 'b.tar');
    writeFileSync(file, 'mine');
    await expect(backupOf(file, { data: 'x' })).rejects.toMatchObject({
      code: 2,
      message: expect.stringMatching(
        /b\.tar is there already, and a backup never overwrites a file; give another name$/,
      ),
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
  test('that was not finished is removed after a day, and one of another project is not', () => {
    const dir = tempDir();
    new Output(join(dir, 'b.tar'), 'shop').close();
    expect(readdirSync(dir)).toEqual([]);
    const now = Date.now();
    const hours = { 'shop-0123456789ab': 25, 'shop-two-0123456789ab': 25, 'shop-x': 25, 'shop-ba9876543210': 23 };
    for (const [name, age] of Object.entries(hours)) {
      const path = join(dir, `.makina-image-backup-${name}`);
      writeFileSync(path, '');
      utimesSync(path, now / 1000, now / 1000 - age * 3600);
    }
    expect(removeUnfinished(dir, 'shop', new Date(now).toISOString())).toBe(1);
    expect(existsSync(join(dir, '.makina-image-backup-shop-0123456789ab'))).toBe(false);
    expect(readdirSync(dir).length).toBe(3);
  });
  test.runIf(process.getuid?.() === 0)(
    'is refused before it begins if the owner of the folder cannot write there',
    () => {
      const dir = tempDir();
      chownSync(dir, 1234, 1234);
      chmodSync(dir, 0o555);
      expect(() => refuseOutput(join(dir, 'b.tar'), 'shop')).toThrow(/EACCES/);
      chmodSync(dir, 0o755);
      refuseOutput(join(dir, 'b.tar'), 'shop');
      expect(readdirSync(dir)).toEqual([]);
    },
  );
  test('is written under another name first, on any disk', () => {
    const dir = tempDir();
    const output = new Output(join(dir, 'b.tar'), 'shop');
    expect(existsSync(join(dir, 'b.tar'))).toBe(false);
    output.close();
  });
});

describe('a damaged backup', () => {
  test('is refused, whichever byte of it was changed', async () => {
    const file = join(tempDir(), 'b.tar');
    await backupOf(file, { data: 'some content', 'shop-media': 'y'.repeat(513) });
    const good = readFileSync(file);
    for (let at = 0; at < good.length; at += 7) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 0x01;
      writeFileSync(file, bad);
      await expect(openArchive(file, never), `byte ${at}`).rejects.toMatchObject({
        code: 65,
        message: expect.stringMatching(/b\.tar cannot be restored: .*; nothing was replaced, use another backup$/),
      });
    }
  });
  test('is refused, wherever it was cut off, and with more at its end', async () => {
    const file = join(tempDir(), 'b.tar');
    await backupOf(file, { data: 'some content' });
    const good = readFileSync(file);
    for (const length of [0, 1, 511, 512, 1024, good.length - 512, good.length - 1]) {
      writeFileSync(file, good);
      truncateSync(file, length);
      await expect(openArchive(file, never), String(length)).rejects.toMatchObject({ code: 65 });
    }
    writeFileSync(file, Buffer.concat([good, Buffer.alloc(512)]));
    await expect(openArchive(file, never)).rejects.toMatchObject({ code: 65 });
  });
  test('is refused if it is no file', async () => {
    const dir = tempDir();
    await expect(openArchive(dir, never)).rejects.toThrow(/it is not a file/);
    execFileSync('mkfifo', [join(dir, 'fifo')]);
    await expect(openArchive(join(dir, 'fifo'), never)).rejects.toThrow(/it is not a file/);
    symlinkSync('nowhere', join(dir, 'link'));
    await expect(openArchive(join(dir, 'link'), never)).rejects.toThrow(/ENOENT/);
  });
});

describe('a backup that someone else made', () => {
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  /** An outer tar as ours, with a manifest that need not be. */
  function made(manifest: (content: Buffer) => unknown, more: [string, Buffer][] = []): string {
    const file = join(tempDir(), 'b.tar');
    const content = Buffer.from('content');
    const text = Buffer.from(JSON.stringify(manifest(content)));
    const sums = Buffer.from(`${sha256(content)}  data.tar\n${sha256(text)}  manifest.json\n`);
    const members: [string, Buffer][] = [['data.tar', content], ['manifest.json', text], ['SHA256SUMS', sums], ...more];
    const blocks = members.flatMap(([name, bytes]) => [tarHeader(name, bytes.length), bytes, tarPadding(bytes.length)]);
    writeFileSync(file, Buffer.concat([...blocks, TAR_END]));
    return file;
  }
  const manifest =
    (changes: object, part: object = {}) =>
    (content: Buffer) => ({
      ...BACKUP,
      consistency: 'stopped',
      parts: [
        { kind: 'folder', name: 'data', file: 'data.tar', bytes: content.length, sha256: sha256(content), ...part },
      ],
      ...changes,
    });
  const opened = async (file: string) => (await openArchive(file, never)).close();

  test('can be restored if it is right', async () => {
    await opened(made(manifest({})));
  });
  test.each<[string, (content: Buffer) => unknown]>([
    ['another folder', manifest({}, { name: '../etc' })],
    ['the folder of something else', manifest({}, { name: 'project' })],
    ['a volume that would be a folder of the host', manifest({}, { kind: 'volume', name: '/etc', labels: {} })],
    ['a volume with options of a mount', manifest({}, { kind: 'volume', name: 'a,source=/etc', labels: {} })],
    ['a volume with other labels', manifest({}, { kind: 'volume', name: 'a', labels: { evil: '1' } })],
    ['a part that is not there', manifest({}, { file: 'other.tar' })],
    ['the manifest as a part', manifest({}, { file: 'manifest.json' })],
    ['another size', manifest({}, { bytes: 6 })],
    ['a size that is none', manifest({}, { bytes: -1 })],
    ['no parts', manifest({ parts: [] })],
    ['parts that are none', manifest({ parts: null })],
    ['a key that is not known', manifest({ more: 1 })],
    ['a later version', manifest({ version: 2 })],
    ['null', () => null],
    ['a list', () => []],
  ])('is refused with %s', async (_, of) => {
    await expect(opened(made(of))).rejects.toMatchObject({ code: 65 });
  });
  test('is refused with a file that its manifest does not name, or one twice', async () => {
    await expect(opened(made(manifest({}), [['more', Buffer.from('x')]]))).rejects.toThrow(/does not name/);
    await expect(opened(made(manifest({}), [['data.tar', Buffer.from('content')]]))).rejects.toThrow(/data\.tar twice/);
  });
  test('is refused with a part twice', async () => {
    const twice = (content: Buffer) => {
      const { parts, ...rest } = manifest({})(content) as unknown as Manifest;
      return { ...rest, parts: [...parts, ...parts] };
    };
    await expect(opened(made(twice))).rejects.toMatchObject({ code: 65 });
  });
});

describe('the header of a member', () => {
  test.each([
    0,
    1,
    0o77777777777,
    0o77777777777 + 1,
    2 ** 50,
  ])('has a size of %d that is read again, also by tar', (size) => {
    const header = tarHeader('data.tar', size);
    expect(readTarHeader(header)).toEqual({ name: 'data.tar', size });
    const file = join(tempDir(), 'h.tar');
    writeFileSync(file, header);
    // tar lists the header before it misses the content.
    const listed = execFileSync('sh', ['-c', `tar --list --verbose --file '${file}' 2>/dev/null || :`], {
      encoding: 'utf8',
    });
    expect(listed).toMatch(new RegExp(` ${size} .* data\\.tar`));
  });
  test('is no other one', () => {
    expect(() => tarHeader('../x', 0)).toThrow();
    expect(readTarHeader(Buffer.alloc(512))).toBeUndefined();
  });
});
