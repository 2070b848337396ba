import { describe, expect, it } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';

const problems = (answers: Record<string, unknown>) =>
  (complete({ name: 'shop', demo: false, ...answers }).problems ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );
const seed = (more: object, others = {}) => problems({ seeds: { s: { target: 'data/s', ...more } }, ...others });

describe('the source of a seed', () => {
  it.each([
    '/var/lib/package',
    '{project_root}/made',
    '/opt/x',
    '/tmpx',
    '/usr',
  ])('may be of the image: %s', (source) => {
    expect(seed({ source })).toEqual([]);
  });

  it.each([
    ['/proc/version', '/proc'],
    ['/sys', '/sys'],
    ['/dev/null', '/dev'],
    ['/run//x', '/run'],
    ['/tmp/./x', '/tmp'],
    ['/etc/makina-projects/shop/app.json', '/etc/makina-projects'],
    ['/etc', '/etc/makina-projects'],
    ['/', '/srv/projects/shop/data'],
    ['{data_root}/x', '/srv/projects/shop/data'],
    ['/srv/projects/{name}', '/srv/projects/shop/data'],
    ['/vol/a/x', '/vol/a'],
    ['/vol', '/vol/a'],
  ])('is neither of a volume nor of the running system: %s', (source, place) => {
    expect(seed({ source }, { volumes: ['/vol/a'] })).toEqual([
      `seeds.s.source must not lie in ${place} or hold it; name a file or folder of the image's own`,
    ]);
  });
});

describe('the mode of a seed', () => {
  const wrong = 'seeds.s.mode must be an octal mode such as 0640 or 2750, or keep';
  it.each([
    ['0640', []],
    ['640', []],
    ['2750', []],
    ['keep', []],
    ['4755', [wrong]],
    ['6755', [wrong]],
    ['02750', [wrong]],
    ['keep\n', [wrong]],
    ['8', [wrong]],
  ])('%j', (mode, expected) => {
    expect(seed({ source: 'x', mode })).toEqual(expected);
  });

  it('is not kept without a source', () => {
    expect(seed({ mode: 'keep' })).toEqual(['seeds.s.mode cannot be keep without a source; give it one, or a mode']);
  });
});

describe('the name of a seed or a config', () => {
  const named = (name: string) => problems({ configs: { [name]: { source: 'x' } } });
  it.each(['app.conf', 'release-2.4.1', 'a.b_c.d-e', 'nginx.conf', 'circus.ini'])('may have dots: %s', (name) => {
    expect(problems({ configs: { [name]: { source: 'x' } }, seeds: { [name]: { target: 'data/x' } } })).toEqual([]);
  });

  it.each(['.a', 'a.', 'a..b', 'a/b', 'a.B', `a${'.a'.repeat(32)}`])('is refused: %s', (name) => {
    expect(named(name)).toEqual([expect.stringContaining('the key must be 1 to 64 lower-case letters')]);
  });

  it.each([
    'nginx',
    'circus',
    'app.json',
    'launch.json',
    'configs.json',
    'override.sls',
  ])('is not that of a file of the image, without a target: %s', (name) => {
    expect(named(name)).toEqual([
      `configs.${name} would replace a file of the image itself; give it another name, or a target`,
    ]);
    expect(problems({ configs: { [name]: { source: 'x', target: '/etc/acme/x' } } })).toEqual([]);
  });
});
