import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';

const read = (path: string) => readFileSync(join(packageRoot, path), 'utf8');
const rows = [...read('docs/base-image.md').matchAll(/^\| branch (\S+), commit `[0-9a-f]+` \| (\S+) \|/gm)];

test('the page on a real makina-states image names the Salt that test:makina runs', () => {
  const pinned = /^salt==(\S+)/m.exec(read('test/salt/requirements-3004.txt'))?.[1];
  expect(rows.map(([, branch, salt]) => [branch, salt])).toEqual([
    ['v2', pinned],
    ['v3', pinned],
  ]);
});

test('each mutation of test:makina still finds its line in the templates', () => {
  const script = read('test/salt/makina-mutations');
  const mutations = [...script.matchAll(/^(\S+)\t(\S+)\t([^\t]+)\t[^\t]+\t[^\t]+$/gm)];
  expect(mutations.map(([, name]) => name)).toEqual(
    expect.arrayContaining(['launch', 'seeds', 'circus', 'runner', 'files', 'cache']),
  );
  for (const [, , file = '', line = ''] of mutations) {
    // In sed a parenthesis is itself.
    const pattern = line.replaceAll(/[()]/g, '\\$&');
    expect(read(file.replace('$runtime', 'templates/runtime'))).toMatch(new RegExp(pattern, 'm'));
  }
});
