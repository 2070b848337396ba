import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { project, run } from '../support/projects.ts';
import { BIN, tempDir } from '../support/run.ts';

/** The same content with the keys of each object in another order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, turned(item)]),
  );
}

const LAYOUTS: [name: string, how: (content: unknown) => string][] = [
  ['four blanks', (content) => JSON.stringify(content, null, 4)],
  ['tabs and Windows line ends', (content) => `${JSON.stringify(content, null, '\t')}\n`.replaceAll('\n', '\r\n')],
  ['one line', (content) => JSON.stringify(content)],
  ['another order', (content) => `${JSON.stringify(turned(content), null, 2)}\n`],
  ['a byte order mark', (content) => `\uFEFF${JSON.stringify(content, null, 2)}`],
];

describe('answers that a formatter or a file system laid out', () => {
  test.each(LAYOUTS)('with %s are in sync, and stay as they are', async (_, how) => {
    const parent = tempDir();
    expect((await run(BIN, parent, ['new', 'demo', '--packages', 'curl', '--packages', 'jq'])).code).toBe(0);
    const root = join(parent, 'demo');
    const path = join(root, '.yo-rc.json');
    const text = how({ other: { z: 1, a: [2, { y: 3, b: 4 }] }, ...JSON.parse(readFileSync(path, 'utf8')) });
    writeFileSync(path, text);
    chmodSync(path, 0o755);
    expect((await run(BIN, root, ['check'])).code).toBe(0);
    expect((await run(BIN, root, ['upgrade'])).code).toBe(0);
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual([text, 0o755]);
    // A change of the answers is a change.
    writeFileSync(path, text.replace('"jq"', '"make"'));
    expect((await run(BIN, root, ['check'])).code).toBe(2);
  });
});

describe('folders with characters of patterns', () => {
  test.each(['images (old)', 'a{b}', '[2024] x', '@scope', 'c++', '!not', '+(a)', '**'])('%s', async (name) => {
    const parent = tempDir();
    mkdirSync(join(parent, name));
    renameSync(project(), join(parent, name, 'demo'));
    for (const words of [[`${name}/*`], [`${name}/demo`], [`${name}/d?mo`]]) {
      const { code, reports } = await run(BIN, parent, ['check', '--json', ...words]);
      expect([code, reports.map(({ project: root }) => root)]).toEqual([0, [join(parent, name, 'demo')]]);
    }
  });

  test('a list has the line ends of Windows or of Unix, or NUL', async () => {
    const parent = tempDir();
    for (const name of ['one', 'two']) project(name, parent);
    for (const end of ['\n', '\r\n', '\0']) {
      const { code, reports } = await run(BIN, parent, ['check', '--json', '-'], {
        stdin: 'pipe',
        input: `one${end}two${end}`,
      });
      expect([code, reports.length]).toEqual([0, 2]);
    }
  });
});
