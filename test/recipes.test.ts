import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { complete } from '../generators/lib/model/intent.ts';
import { packageRoot } from '../generators/lib/package.ts';

const text = readFileSync(join(packageRoot, 'docs/recipes.md'), 'utf8');
const recipes = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml as string);

test('there are recipes', () => expect(recipes.length).toBeGreaterThan(10));
test.each(recipes)('a recipe is what the model takes:\n%s', (yaml) => {
  expect(complete({ name: 'demo', demo: false, ...parse(yaml) }).problems ?? []).toEqual([]);
});
