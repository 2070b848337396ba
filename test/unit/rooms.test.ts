import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';

/** The rooms of generators/lib, floor by floor: a room uses those below it alone. */
const FLOORS = [
  ['package.ts', 'sha256.ts', 'text'],
  ['errors.ts', 'model'],
  ['answers', 'system'],
  ['apply', 'engine', 'render'],
  ['manifest'],
  ['plan'],
  ['project', 'stacks'],
  ['verbs'],
  ['doctor', 'output'],
];
const floorOf = (room: string) => FLOORS.findIndex((rooms) => rooms.includes(room));

const files = readdirSync(join(packageRoot, 'generators'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .sort();
const imports = new Map(
  files.map((path) => {
    const text = readFileSync(join(packageRoot, 'generators', path), 'utf8');
    const named = [...text.matchAll(/(?:from|import\() *'(\.[^']+)'/g)].map(([, to = '']) => to);
    return [path, named.map((to) => posix.join(posix.dirname(path), to))];
  }),
);

/** The files that a file comes back to through its imports, itself first and last; undefined where there are none. */
function circleThrough(start: string): string[] | undefined {
  const ways = [[start]];
  const seen = new Set<string>();
  for (const way of ways)
    for (const next of imports.get(way.at(-1) as string) ?? []) {
      if (next === start) return [...way, next];
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  return undefined;
}

describe('the rooms of generators/lib', () => {
  test('are those of the floors', () => {
    const rooms = files.filter((path) => path.startsWith('lib/')).map((path) => path.split('/')[1]);
    expect([...new Set(rooms)].sort()).toEqual(FLOORS.flat().sort());
  });
  test('are all named by the page that explains them, floor by floor', () => {
    const page = readFileSync(join(packageRoot, 'docs/architecture.md'), 'utf8');
    const missing = FLOORS.flat().filter((room) => !page.includes(room.endsWith('.ts') ? room : `${room}/`));
    expect(missing).toEqual([]);
    const floors = FLOORS.map((rooms) => rooms.join(', ')).reverse();
    expect(page).toContain(`\`\`\`text\n${floors.join('\n')}\n\`\`\``);
  });
  test('are those of the picture', () => {
    const picture = readFileSync(join(packageRoot, 'docs/architecture.dot'), 'utf8');
    const [, core = ''] = picture.split('label="generators/lib"');
    const named = [...(core.split('\n  }')[0] ?? '').matchAll(/([a-z]+)\//g)].map(([, room]) => room);
    const folders = FLOORS.flat().filter((room) => !room.endsWith('.ts'));
    expect(named.sort()).toEqual(folders.sort());
  });
  test.each(files.filter((path) => path.startsWith('lib/')))('%s imports nothing of its own floor or above', (path) => {
    const room = path.split('/')[1] as string;
    const upward = (imports.get(path) ?? []).filter((to) => {
      const [top, other = ''] = to.split('/');
      return top !== 'lib' || (other !== room && floorOf(other) >= floorOf(room));
    });
    expect(upward).toEqual([]);
  });
});

test.each(files)('generators/%s is in no circle of imports', (path) => {
  expect(circleThrough(path)).toBeUndefined();
});
