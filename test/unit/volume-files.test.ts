import { describe, expect, it } from 'vitest';
import { memoryForOverrides } from '../../generators/lib/model/docker-run.ts';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';

const problems = (answers: Record<string, unknown>) =>
  (complete({ name: 'shop', demo: false, volumes: ['/vol/a'], ...answers }).problems ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );
const config = (target: string, more = {}) =>
  problems({ configs: { c: { source: 'x', target, user: '{user}', ...more } } });
const link = (path: string, more: Record<string, unknown> = {}) =>
  problems({ symlinks: { [path]: { target: 'x' } }, ...more });

describe('a config in a volume', () => {
  it.each(['{data_root}/data/app.conf', '{data_root}/other/x', '/vol/a/x', '/vol//a/./x/y'])('%s', (target) => {
    expect(config(target)).toEqual([]);
    expect(config(target, { user: 'root' })).toEqual([
      'configs.c.user must not be root in a volume; name the user of the program that reads the file',
    ]);
  });

  it.each(['{data_root}', '{data_root}/data', '{project_dir}//data/', '/vol/a'])('is not the volume: %s', (target) => {
    expect(config(target)).toEqual(['configs.c.target must not be a volume itself; use a path in it']);
  });

  it.each(['configuration/pillar.sls', 'application', './configuration/x'])('is nothing of root’s: %s', (inner) => {
    expect(config(`{data_root}/${inner}`)).toEqual([
      expect.stringMatching(
        /^configs\.c\.target must not be in \/srv\/projects\/shop\/data\/(configuration|application), which is root's/,
      ),
    ]);
  });

  it('meets no other one', () => {
    const one = (target: string) => ({ source: 'x', target, user: '{user}' });
    expect(problems({ configs: { a: one('/vol/a/x'), b: one('/vol/a/./x') } })).toHaveLength(1);
  });

  it('needs nothing in memory', () => {
    const configs = { c: { source: 'x', target: '{data_root}/data/c/c.conf', user: '{user}' } };
    const { image } = complete({ name: 'shop', configs });
    expect(memoryForOverrides(image as Image)).toEqual(['/etc/makina-projects/shop', '/var/cache/salt']);
  });
});

describe('a link', () => {
  it.each([
    '{data_root}/data/current',
    '/vol/a/x',
    '/opt/app/log',
    '{project_root}/tmp',
    '/usr/local/lib/app',
  ])('may be at %s', (path) => {
    expect(link(path)).toEqual([]);
  });

  it.each([
    ['/vol/a', 'must not be a volume itself; use a path in it'],
    ['{data_root}/data', 'must not be a volume itself; use a path in it'],
    [
      '{data_root}/configuration/x',
      "must not be in /srv/projects/shop/data/configuration, which is root's; use another path",
    ],
    ['/run/x', 'must not be in /run, which can be in memory; use another path'],
    ['/etc/makina-projects/shop/x', 'must not be in /etc/makina-projects, which can be in memory; use another path'],
    ['/usr', 'must not be in the way of /usr/bin'],
    ['/srv/apps/circus/x', 'must not be in the way of /srv/apps'],
    ['{project_root}/.salt/x', 'must not be in the way of /srv/projects/shop/project/.salt'],
    [
      '/tmp/x',
      'must not be in /tmp, where others than root can write: Salt writes it as root; use a seed there, or another path',
    ],
  ])('cannot be at %s', (path, message) => {
    expect(link(path)).toEqual([`symlinks.${path} ${message}`]);
  });

  it('is in no one’s way', () => {
    const met = (more: Record<string, unknown>) => link('/vol/a/x', more).map((line) => line.split('; ')[0]);
    expect(met({ configs: { c: { source: 'x', target: '/vol/a/x/y', user: '{user}' } } })).toEqual([
      'symlinks./vol/a/x is in the way of configs.c',
    ]);
    expect(met({ seeds: { s: { target: '/vol/a/x' } } })).toEqual(['symlinks./vol/a/x is in the way of seeds.s']);
    const [, first] = problems({ symlinks: { '/opt/a': { target: 'x' }, '/opt/./a/b': { target: 'x' } } });
    expect(first).toBeUndefined();
  });

  it.each(['', 'a b', 'a\n', 'a"b', '$x', 'ü'])('leads to a plain path: %j', (target) => {
    expect(problems({ symlinks: { '/opt/a': { target } } })).toEqual([
      'symlinks./opt/a.target must be a path of letters, digits and _./{}@+-',
    ]);
  });

  it('may lead anywhere, also upwards', () => {
    for (const target of ['../x', '/proc/self', '{data_root}/data/x', '{version}/a'])
      expect(problems({ variables: { version: '1' }, symlinks: { '/opt/{version}': { target } } })).toEqual([]);
  });
});
