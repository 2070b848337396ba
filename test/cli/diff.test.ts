import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareLines } from '../../generators/lib/text/lines.ts';
import { splitLines } from '../../generators/lib/text/split-lines.ts';
import { diffStat, type Side, unifiedDiff } from '../../generators/lib/text/unified.ts';
import { triples } from '../support/edits.ts';
import { tempDir } from '../support/run.ts';

const SEED = process.env.SEED ? { seed: Number(process.env.SEED) } : {};
const side = (text: string, executable = false): Side => ({ bytes: Buffer.from(text), executable });
type Pair = { path: string; before: Side | undefined; after: Side | undefined };

function write(root: string, path: string, file: Side | undefined): void {
  if (!file) return;
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), file.bytes);
  chmodSync(join(root, path), file.executable ? 0o755 : 0o644);
}

function read(root: string, path: string): Side | undefined {
  const file = join(root, path);
  if (!existsSync(file)) return undefined;
  return { bytes: readFileSync(file), executable: (statSync(file).mode & 0o100) !== 0 };
}

const TOOLS: [string, string[]][] = [
  ['git', ['apply', '--whitespace=nowarn']],
  ['patch', ['-p1', '--no-backup-if-mismatch', '--fuzz=0']],
];

/** Writes the files, gives their diffs to a tool, and compares what comes out. */
async function patched(tool: string, args: string[], pairs: Pair[]): Promise<void> {
  const root = tempDir();
  for (const { path, before } of pairs) write(root, path, before);
  const input = pairs.map(({ path, before, after }) => unifiedDiff(path, before, after)).join('');
  const { exitCode, all } = await execa(tool, args, { cwd: root, input, all: true, reject: false });
  expect([exitCode, all]).toEqual([0, expect.not.stringMatching(/fuzz|offset|FAILED/)]);
  for (const { path, after } of pairs) {
    const there = read(root, path);
    expect([path, there?.bytes.toString(), there?.executable]).toEqual([
      path,
      after?.bytes.toString(),
      after?.executable,
    ]);
  }
}

const PATHS = [
  'file',
  'deep/er/file',
  'a blank',
  'é ü',
  'tab\there',
  'quo"te',
  'back\\slash',
  "it's",
  '-dash',
  '漢字',
  'b/b/b',
  'b~',
];
const STATES: [string, Side | undefined, Side | undefined][] = [
  ['created', undefined, side('a\nb\n')],
  ['created, to be run', undefined, side('#!/bin/sh\n', true)],
  ['created without a newline', undefined, side('a')],
  ['deleted', side('a\nb\n', true), undefined],
  ['changed', side('a\nb\nc\nd\ne\nf\ng\nh\n'), side('a\nb\nc\nd\nE\nf\ng\nh\n')],
  ['losing its newline', side('a\nb\n'), side('a\nb')],
  ['getting one', side('a\nb'), side('a\nb\n')],
  ['without one', side('a\nb\nc'), side('A\nb\nc')],
  ['emptied', side('a\n'), side('')],
  ['filled', side(''), side('a\n')],
  ['made to be run', side('a\n'), side('a\n', true)],
  ['made to be run and changed', side('a\n'), side('b\n', true)],
  ['no more to be run', side('a\n', true), side('a\n')],
  ['of CRLF', side('a\r\nb\r\nc\r\n'), side('a\r\nB\r\nc\r\n')],
  ['turned into CRLF', side('a\nb\n'), side('a\r\nb\r\n')],
  ['with lines that look like a diff', side('-- a\n@@ -1 +1 @@\n\\ x\n'), side('++ b\n@@ -1 +1 @@\n\\ y\n')],
  ['with odd separators', side('\ufeffa\u2028b\rc\n'), side('\ufeffa\u2028B\rc\n')],
];

describe.each(TOOLS)('%s takes', (tool, args) => {
  test.each(STATES)('a file %s', async (_, before, after) => {
    await patched(tool, args, [{ path: 'file', before, after }]);
  });
  test('files of all names', async () => {
    const all = PATHS.flatMap((path, i) => [
      { path: `new/${path}`, before: undefined, after: side(`${i}\n`) },
      { path: `changed/${path}`, before: side('a\nb\n'), after: side('a\nc\n', true) },
      { path: `gone/${path}`, before: side('a\n'), after: undefined },
    ]);
    await patched(tool, args, all);
  });
  test('what edit scripts do', async () => {
    const seed = SEED.seed ?? Date.now() % 2 ** 31;
    console.log(`SEED=${seed}`);
    const pairs = fc
      .sample(triples, { seed, numRuns: 300 })
      .map(({ ours, theirs }, i) => ({ path: `${i}`, before: side(ours), after: side(theirs) }))
      .filter(({ before, after }) => !before.bytes.equals(after.bytes));
    await patched(tool, args, pairs);
  });
});

describe('unifiedDiff', () => {
  test('says nothing where nothing differs', () => {
    expect(unifiedDiff('x', side('a'), side('a'))).toBe('');
    expect(unifiedDiff('x', undefined, undefined)).toBe('');
    expect(diffStat(side('a', true), side('a'))).toEqual({ added: 0, removed: 0, binary: false });
  });
  test('shows three lines around changes, and joins what is near', () => {
    const text = [...'abcdefghijklmnopqrstuvwxyz'].map((char) => `${char}\n`).join('');
    const changed = text.replace('e\n', '').replace('l\n', 'L\nL\n').replace('z\n', 'z');
    expect(unifiedDiff('x', side(text), side(changed))).toMatchInlineSnapshot(`
      "diff --git a/x b/x
      --- a/x
      +++ b/x
      @@ -2,14 +2,14 @@
       b
       c
       d
      -e
       f
       g
       h
       i
       j
       k
      -l
      +L
      +L
       m
       n
       o
      @@ -23,4 +23,4 @@
       w
       x
       y
      -z
      +z
      \\ No newline at end of file
      "
    `);
    expect(diffStat(side(text), side(changed))).toEqual({ added: 3, removed: 3, binary: false });
  });
  test('does not show binary files', () => {
    const binary = { bytes: Buffer.from('a\0'), executable: false };
    expect(unifiedDiff('a b', binary, side('x', true))).toBe(
      'diff --git a/a b b/a b\nold mode 100644\nnew mode 100755\nBinary files a/a b and b/a b differ\n',
    );
    expect(unifiedDiff('x', undefined, binary)).toContain('Binary files /dev/null and b/x differ\n');
    expect(unifiedDiff('x', binary, { ...binary, executable: true })).not.toContain('Binary');
    expect(diffStat(binary, undefined)).toEqual({ added: 0, removed: 0, binary: true });
  });
  test('is what git prints', async () => {
    const root = tempDir();
    const git = async (...args: string[]) => (await execa('git', args, { cwd: root, stripFinalNewline: false })).stdout;
    const pairs = STATES.flatMap(([, before, after], i) =>
      [`${i}`, `${i} ${PATHS[i % PATHS.length]}`].map((path) => ({ path, before, after })),
    ).sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    await git('init', '-q');
    await git('config', 'core.autocrlf', 'false');
    for (const { path, before } of pairs) write(root, path, before);
    await git('add', '-A');
    const tree = (await git('write-tree')).trim();
    await git('rm', '-rfq', '.');
    for (const { path, after } of pairs) write(root, path, after);
    await git('add', '-A');
    const theirs = await git('diff', '--cached', '--no-renames', '--no-indent-heuristic', tree);
    const ours = pairs.map(({ path, before, after }) => unifiedDiff(path, before, after)).join('');
    expect(ours).toBe(theirs.replace(/^index .*\n/gm, '').replace(/^(@@ .* @@).*$/gm, '$1'));
  });
});

describe('compareLines', () => {
  test('finds the fewest changes, which give the other text, and which do not touch', () => {
    const distance = (a: string[], b: string[]) => {
      let row = b.map((_, i) => i + 1);
      for (const [i, line] of a.entries()) {
        let diagonal = i;
        let left = i + 1;
        row = row.map((above, j) => {
          left = line === b[j] ? diagonal : Math.min(above, left) + 1;
          diagonal = above;
          return left;
        });
      }
      return row.at(-1) ?? a.length;
    };
    fc.assert(
      fc.property(triples, ({ ours, theirs }) => {
        const [before, after] = [splitLines(ours), splitLines(theirs)];
        const changes = compareLines(before, after);
        const rebuilt: string[] = [];
        let at = 0;
        for (const [i, { from, removed, to, added }] of changes.entries()) {
          if (i > 0) expect(from).toBeGreaterThan(at);
          rebuilt.push(...before.slice(at, from));
          expect(rebuilt.length).toBe(to);
          rebuilt.push(...after.slice(to, to + added));
          at = from + removed;
        }
        expect([...rebuilt, ...before.slice(at)]).toEqual(after);
        expect(changes.reduce((sum, { removed, added }) => sum + removed + added, 0)).toBe(distance(before, after));
      }),
      { numRuns: 2000, ...SEED },
    );
  });
  test('places what could stand in several places at the lowest', () => {
    expect(compareLines(['a', 'a', 'b'], ['a', 'a', 'a', 'b'])).toEqual([{ from: 2, removed: 0, to: 2, added: 1 }]);
    expect(compareLines([], [])).toEqual([]);
  });
});
