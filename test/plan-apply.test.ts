import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { apply } from '../generators/lib/apply/apply.ts';
import { readDisk } from '../generators/lib/plan/disk.ts';
import { type Change, type Disk, plan } from '../generators/lib/plan/plan.ts';
import type { Policy } from '../generators/lib/render/files.ts';
import type { Rendered } from '../generators/lib/render/render.ts';
import { tempDir } from './support/run.ts';
import { readTree } from './support/tree.ts';

const tree = (files: Record<string, string>, policy: Policy = 'shared'): Rendered => ({
  files: new Map(
    Object.entries(files).map(([path, text]) => [path, { bytes: Buffer.from(text), executable: false, policy }]),
  ),
  dirs: [],
});
const disk = (files: Record<string, string>): Disk =>
  new Map(Object.entries(files).map(([path, text]) => [path, { bytes: Buffer.from(text), executable: false }]));
const kinds = (changes: Change[]) => changes.map(({ kind, path }) => `${kind} ${path}`);

describe('plan', () => {
  test('names only what differs', () => {
    const before = tree({ same: '1', ours: '1', edited: '1', gone: '1', kept: '1' });
    const next = tree({ same: '1', ours: '2', edited: '2', added: '1' });
    const there = disk({ same: '1', ours: '1', edited: 'user', gone: '1', kept: 'user' });
    expect(kinds(plan(there, before, next))).toEqual(['create added', 'conflict edited', 'delete gone', 'update ours']);
  });
  test('never touches a seed that is there, and always writes intent', () => {
    expect(kinds(plan(disk({ a: 'user' }), undefined, tree({ a: '1', b: '1' }, 'seed')))).toEqual(['create b']);
    expect(plan(disk({}), tree({ a: '1' }, 'seed'), tree({ a: '2' }, 'seed'))).toEqual([]);
    expect(kinds(plan(disk({ a: 'user' }), undefined, tree({ a: '1' }, 'intent')))).toEqual(['update a']);
  });
  test('keeps an edit where nothing new comes out', () => {
    expect(kinds(plan(disk({ a: 'user' }), tree({ a: '1' }), tree({ a: '1' })))).toEqual(['kept a']);
  });
  test('gives a lost exec bit back', () => {
    const file = { bytes: Buffer.from('#!'), executable: true, policy: 'shared' as const };
    const next: Rendered = { files: new Map([['x', file]]), dirs: [] };
    expect(kinds(plan(disk({ x: '#!' }), next, next))).toEqual(['update x']);
  });
});

const write = (path: string, text: string, executable = false): Change => ({
  kind: 'update',
  path,
  bytes: Buffer.from(text),
  executable,
});

describe('apply', () => {
  test('writes files, folders and exec bits, and keeps the mode of what it replaces', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'secret'), 'old');
    chmodSync(join(dir, 'secret'), 0o600);
    apply(dir, [{ ...write('a/run', '#!', true), kind: 'create' } as Change, write('secret', 'new')], ['empty/folder']);
    expect(readTree(dir)).toEqual({ 'a/': '', 'a/run*': '#!', 'empty/': '', 'empty/folder/': '', secret: 'new' });
    expect(statSync(join(dir, 'secret')).mode & 0o777).toBe(0o600);
  });
  test('does all or nothing', () => {
    const dir = tempDir();
    for (const name of ['first', 'blocked', 'removed']) writeFileSync(join(dir, name), 'old');
    const old = readTree(dir);
    const changes: Change[] = [
      write('first', 'new'),
      { kind: 'delete', path: 'removed' },
      { ...write('made/here', 'x'), kind: 'create' } as Change,
      // Its parent is a file: it fails after the others were done.
      { ...write('blocked/below', 'x'), kind: 'create' } as Change,
    ];
    expect(() => apply(dir, changes, ['data'])).toThrow(/cannot write to .*; nothing was changed/);
    expect(readTree(dir)).toEqual(old);
  });
});

describe('readDisk', () => {
  test.each([
    ['a folder in the place of a file', (dir: string) => mkdirSync(join(dir, 'a/b'), { recursive: true })],
    [
      'a link in the place of a file',
      (dir: string) => {
        mkdirSync(join(dir, 'a'));
        symlinkSync('/etc/passwd', join(dir, 'a/b'));
      },
    ],
    ['a link in the place of a folder', (dir: string) => symlinkSync('/etc', join(dir, 'a'))],
    ['a file in the place of a folder', (dir: string) => writeFileSync(join(dir, 'a'), '')],
  ])('refuses %s', (_, prepare) => {
    const dir = tempDir();
    prepare(dir);
    expect(() => readDisk(dir, ['a/b'])).toThrow(/move it away/);
  });
  test('finds nothing where there is nothing', () => {
    expect(readDisk(join(tempDir(), 'none'), ['a/b']).get('a/b')).toBeUndefined();
  });
});
