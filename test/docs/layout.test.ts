import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { render } from '../../generators/lib/render/render.ts';

const image = complete({
  name: 'demo',
  ci: ['github', 'gitlab'],
  editors: ['devcontainer', 'vscode'],
  runtime: 'vendored',
}).image as Image;
const { files, dirs } = render(image);
const generated = ['.yo-rc.json', ...files.keys(), ...dirs.map((dir) => `${dir}/`)];
const read = (page: string) => readFileSync(join(packageRoot, page), 'utf8');

describe('docs/layout.md', () => {
  const [, table = ''] = /## The project's folder([\s\S]*?)\n## /.exec(read('docs/layout.md')) ?? [];
  const rows = [...table.matchAll(/^\| (`.*?) \| (.*?) \| .* \|$/gm)].flatMap(([, cell = '', who = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => ({ path, who })),
  );
  const WHO: Record<string, string> = { shared: 'generator', starter: 'generator, once', answers: 'generator' };

  test.each(
    [...files].map(([path, { policy }]) => [path, WHO[policy]]),
  )('names %s as written by the %s', (path, who) => {
    const covering = rows.filter((row) => row.path === path || (row.path.endsWith('/') && path.startsWith(row.path)));
    expect(covering.sort((a, b) => b.path.length - a.path.length)[0]?.who).toBe(who);
  });
  test('names nothing that does not come out', () => {
    const others = rows.filter(({ path, who }) => who.startsWith('generator') && !path.startsWith('.makina-image/'));
    for (const { path } of others) expect(generated.filter((each) => each.startsWith(path))).not.toEqual([]);
  });
});

describe('the layout in README.md', () => {
  const [, block = ''] = /```\n(the design[\s\S]*?)```/.exec(read('README.md')) ?? [];
  const lines = block.trimEnd().split('\n');
  const column = (lines[0] as string).indexOf('what comes out');

  /** The paths of a column, by the depth of each name. */
  function pathsOf(texts: string[]): string[] {
    const open: { depth: number; name: string }[] = [];
    return texts
      .filter((text) => text.trim() !== '')
      .flatMap((text) => {
        const depth = text.search(/\S/);
        const names = (text.trim().split(/ {3,}/)[0] as string).split('  ');
        while (open.some((each) => each.depth >= depth)) open.pop();
        const parents = open.map(({ name }) => name).join('');
        open.push({ depth, name: names[0] as string });
        return names.map((name) => parents + name);
      });
  }
  const [design, comesOut] = [lines.map((line) => line.slice(0, column)), lines.map((line) => line.slice(column))].map(
    (texts) => pathsOf(texts.slice(1)),
  ) as [string[], string[]];

  test.each(comesOut.filter((path) => path !== 'demo/'))('%s comes out', (path) => {
    const inProject = path.replace(/^demo\//, '');
    const expected = inProject === '.makina-image/' ? ['.makina-image/'] : generated;
    expect(
      expected.filter((each) => each === inProject || (path.endsWith('/') && each.startsWith(inProject))),
    ).not.toEqual([]);
  });
  test('has every name of the design on the same line', () => {
    expect(design.length).toBeGreaterThan(12);
    for (const line of lines.slice(3)) {
      const [left, right] = [line.slice(0, column).trim(), line.slice(column).trim().split('  ')[0]];
      if (left) expect(right).toBe(left);
    }
  });
});
