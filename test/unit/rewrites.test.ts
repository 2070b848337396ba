import { expect, test } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';
import { CLIMBS } from '../../generators/lib/model/rewrites.ts';
import cases from '../tables/rewrites.json' with { type: 'json' };

const problems = (rewrite: string) =>
  complete({
    name: 'demo',
    demo: false,
    vhosts: { 'x.org': { root: '/srv/www', rewrite: [rewrite], locations: {} } },
  }).problems ?? [];

test.each(cases.stay)('a rewrite stays below its folder: %s', (rewrite) => {
  expect(problems(rewrite)).toEqual([]);
});

test.each(cases.climb)('a rewrite that a client can lead out of its folder is refused: %s', (rewrite) => {
  expect(problems(rewrite)).toEqual([{ path: ['vhosts', 'x.org', 'rewrite', '0'], message: CLIMBS }]);
});
