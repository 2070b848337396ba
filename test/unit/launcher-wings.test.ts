import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';

const WINGS = ['settings', 'volumes'];
const folder = join(packageRoot, 'templates/runtime/launcher');
const END = '.py.ejs';
const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith(END))
  .map((path) => path.slice(0, -END.length))
  .sort();
const wingOf = (module: string) => (module.includes('/') ? posix.dirname(module) : '');

/** The modules of the launcher that a module imports, anywhere in it: for types only, and inside functions too. */
const imports = new Map(
  modules.map((module) => {
    const text = readFileSync(join(folder, module + END), 'utf8');
    const statements = text.matchAll(/^ *from (\.+)([\w.]*) import (\([^)]*\)|.*)$/gm);
    const found = [...statements].flatMap(([, dots = '', name = '', names = '']) => {
      const from = posix.join(posix.dirname(module), '../'.repeat(dots.length - 1), name.replaceAll('.', '/'));
      const within = [...names.matchAll(/\w+/g)].map(([each]) => posix.join(from, each));
      return modules.includes(from) ? [from] : within.filter((each) => modules.includes(each));
    });
    return [module, found];
  }),
);

/** All that a module imports, and what that imports in turn. */
function reached(module: string): Set<string> {
  const found = new Set<string>();
  const pending = [...(imports.get(module) ?? [])];
  for (const next of pending)
    if (!found.has(next)) {
      found.add(next);
      pending.push(...(imports.get(next) ?? []));
    }
  return found;
}

describe('the launcher', () => {
  test('has two wings, each with modules', () => {
    expect([...new Set(modules.map(wingOf))].sort()).toEqual(['', ...WINGS]);
    expect(imports.get('volumes/seeds')).toEqual(expect.arrayContaining(['accounts', 'volumes/safe_copy', 'shapes']));
  });
  test.each(modules.filter(wingOf))('%s reaches nothing of the other wing', (module) => {
    const other = WINGS.filter((wing) => wing !== wingOf(module));
    expect([...reached(module)].filter((each) => other.includes(wingOf(each)))).toEqual([]);
  });
  test.each(modules)('%s is in no circle of imports', (module) => {
    expect(reached(module)).not.toContain(module);
  });
});
