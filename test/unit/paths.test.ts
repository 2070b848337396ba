import { describe, expect, it } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';

/** What is wrong with answers, a line each. */
const problems = (answers: Record<string, unknown>) =>
  (complete({ name: 'shop', demo: false, ...answers }).problems ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );
const config = (target: string, more = {}) => problems({ configs: { c: { source: 'x', target } }, ...more });
const VOLUMES = { volumes: ['/vol/a', '/vol/shop'] };
const GIVEN = { directories: { '/srv/{name}': { user: '{user}' } } };
const why = 'Salt writes it as root; use a seed there, or another path';

describe('what root writes', () => {
  it.each([
    '{data_root}',
    '{data_root}/data/x',
    '/srv/projects/shop/data/x',
    '{project_dir}/data/configuration/x',
    '/srv/projects/{name}/data/x',
    '/srv//projects/shop/./data/x',
    '//srv/projects/shop/data/x',
    '{projects_dir}/shop/data/x',
    '{project_root}/./x/.//{name}/./../x'.replace('/../', '/a/'),
    '/vol/./a/x',
    '//vol/a//x',
    '/vol/{name}/x',
    '/vol/a',
  ])('is judged as it is in the image: %s', (target) => {
    const wrong = target.startsWith('{project_root}')
      ? []
      : ['configs.c.user must not be root in a volume; name the user of the program that reads the file'];
    expect(config(target, VOLUMES).filter((problem) => !problem.startsWith('configs.c.target'))).toEqual(wrong);
  });

  it.each([
    ['/tmp/x', '/tmp'],
    ['/var/tmp/x', '/var/tmp'],
    ['/home/users/{user}/x', '/home/users/shop-user'],
    ['/srv/shop/x/y', '/srv/shop'],
  ])('does not lie where others can write: %s', (target, folder) => {
    expect(config(target, GIVEN)).toEqual([
      `configs.c.target must not be in ${folder}, where others than root can write: ${why}`,
    ]);
  });

  it('may lie in a folder of directories that is of root alone', () => {
    expect(config('/srv/x/y', { directories: { '/srv/x': { group: '{group}', mode: '0750' } } })).toEqual([]);
    expect(config('/srv/x/y', { directories: { '/srv/x': { mode: '0775' } } })).toHaveLength(1);
  });

  it('holds for the files that programs and crons get values from', () => {
    const told = (path: string) =>
      problems({ ...VOLUMES, programs: { p: { cmd: 'x', env_from: { A: `file:${path}` } } } });
    const reads = 'root reads it; use another path';
    expect(told('/run/secrets/db_password')).toEqual([]);
    expect(told('{data_root}/configuration/password')).toEqual([]);
    expect(told('/vol/a/x')).toEqual([`programs.p.env_from.A must not be in a volume: ${reads}`]);
    expect(told('/tmp/x')).toEqual([
      `programs.p.env_from.A must not be in /tmp, where others than root can write: ${reads}`,
    ]);
    expect(told('/run/{nothing}')[0]).toContain('programs.p.env_from.A has the unknown {nothing}');
    for (const path of ['x', '', '/a/../b', '/a b', '/a\0'])
      expect(told(path)).toEqual([expect.stringMatching(/^programs\.p\.env_from\.A must be keys joined by ":"/)]);
    const crons = { c: { cmd: 'x', schedule: '@daily', env_from: { A: 'optional-file:/vol/a/x' } } };
    expect(problems({ ...VOLUMES, crons })).toEqual([`crons.c.env_from.A must not be in a volume: ${reads}`]);
  });

  it('holds for downloads, virtual environments and what is read', () => {
    const sha256 = '0'.repeat(64);
    const told = problems({
      ...VOLUMES,
      ...GIVEN,
      directories: { '{project_root}/own': { user: '{user}' }, '/srv/u': { user: 'www-data' } },
      configs: { a: { source: 'own/./x' } },
      downloads: {
        a: { url: 'https://x/y', sha256, target: '/srv/u/x' },
        b: { url: 'file://{project_root}/own/x', sha256, target: '/opt/b' },
        c: { url: 'https://x/y', sha256, target: '/opt/c', unpack: 'tar', user: '{user}' },
        d: { url: 'https://x/y', sha256, target: '/opt/c/d' },
      },
      virtualenvs: { a: { path: '/srv/u/venv', requirements: 'own/requirements.txt' } },
      apt_repositories: { a: { uri: 'https://x/y', suites: ['z'], components: ['main'], key_file: 'own/key.asc' } },
      vhosts: {
        a: { ssl_certificate: '{data_root}/data/x.pem', ssl_certificate_key: '{data_root}/configuration/x.key' },
      },
    });
    expect(told.map((line) => line.split(' must')[0])).toEqual([
      'configs.a.source',
      'downloads.a.target',
      'downloads.b.url',
      'downloads.d.target',
      'virtualenvs.a.path',
      'virtualenvs.a.requirements',
      'apt_repositories.a.key_file',
      'vhosts.a.ssl_certificate',
    ]);
  });

  it.each(['circus', 'nginx'])('does not replace a file of the image itself: %s', (name) => {
    const message = 'would replace a file of the image itself; give it another name, or a target';
    expect(problems({ configs: { [name]: { source: 'x' } } })).toEqual([`configs.${name} ${message}`]);
    expect(problems({ configs: { [name]: { source: 'x', target: `/etc/${name}.conf` } } })).toEqual([]);
    expect(config(`/etc/makina-projects/{name}/${name}/x`)).toEqual([`configs.c ${message}`]);
    expect(config('/etc/makina-projects/shop/./app.json')).toEqual([`configs.c ${message}`]);
  });

  it.each([
    ['/etc/acme/x.ini', '/etc//acme/./x.ini', ['b goes to /etc/acme/x.ini, and configs.a is the file /etc/acme/x.ini']],
    ['/etc/{name}/x', '/etc/shop/x', ['b goes to /etc/shop/x, and configs.a is the file /etc/shop/x']],
    ['/etc/acme/x/y', '/etc/acme/x', ['a goes to /etc/acme/x/y, and configs.b is the file /etc/acme/x']],
    [
      undefined,
      '/etc/makina-projects/shop/a/b',
      ['b goes to /etc/makina-projects/shop/a/b, and configs.a is the file /etc/makina-projects/shop/a'],
    ],
    ['/etc/acme/x', '/etc/acme/xy', []],
  ])('of two configs %s and %s meet: %j', (a, b, told) => {
    const configs = { a: { source: 'x', ...(a && { target: a }) }, b: { source: 'x', target: b } };
    expect(problems({ configs })).toEqual(told.map((each) => `configs.${each}; give one of them another target`));
  });
});

describe('a folder of directories', () => {
  it.each([
    '/etc',
    '/',
    '/run',
    '{project_root}',
    '{project_root}/.salt/x',
    '/srv/projects',
    '/etc/makina-projects/shop',
  ])('is of root alone where it is in the way of what root runs: %s', (path) => {
    expect(problems({ directories: { [path]: { user: '{user}' } } })).toHaveLength(1);
    expect(problems({ directories: { [path]: {} } })).toEqual([]);
  });
  it('is a seed in a volume, however that is spelled', () => {
    const message = 'must not be in a volume: use a seed without source there';
    expect(problems({ directories: { '{data_root}/./x': {} } })).toEqual([`directories.{data_root}/./x ${message}`]);
  });
});

describe('a reference', () => {
  const known = (nearest: string) => `; known are ${nearest}`;
  it.each([
    [{ configs: { c: { source: 'conf/{nope}/x' } } }, 'configs.c.source has the unknown {nope}', '{name}'],
    [{ configs: { c: { source: 'x', user: '{usr}' } } }, 'configs.c.user has the unknown {usr}', '{user}'],
    [
      { directories: { '/x/{projectroot}': {} } },
      'directories./x/{projectroot} has the unknown {projectroot}',
      '{project_root}',
    ],
    [{ seeds: { s: { target: 'data/{version}' } } }, 'seeds.s.target has the unknown {version}', '{user}'],
    [
      { programs: { p: { cmd: 'x', log_file: '/x/{data_rot}' } } },
      'programs.p.log_file has the unknown {data_rot}',
      '{data_root}',
    ],
    [
      { programs: { p: { cmd: 'x', user: '{project_root}' } } },
      'programs.p.user has the unknown {project_root}',
      '{user}',
    ],
    [
      { crons: { p: { cmd: 'x', schedule: '@daily', group: '{grp}' } } },
      'crons.p.group has the unknown {grp}',
      '{group}',
    ],
    [
      { virtualenvs: { v: { path: '/x/{fqdn}', packages: ['a'] } } },
      'virtualenvs.v.path has the unknown {fqdn}',
      '{name}',
    ],
    [{ vhosts: { a: { root: '{app}/x' } } }, 'vhosts.a.root has the unknown {app}', '{name}'],
  ])('that is unknown is refused, in %j', (answers, told, nearest) => {
    const [problem, ...others] = problems(answers);
    expect(others).toEqual([]);
    expect(problem?.startsWith(told + known(nearest)) ? told : problem).toBe(told);
  });
  it('is text where no path is', () => {
    const env = { A: '{nope}', B: '{"a": 1}' };
    expect(problems({ programs: { p: { cmd: 'echo {x}', args: ['{y}'], env } } })).toEqual([]);
  });
});

it('an absolute path starts with / or with a whole {key} that is one, and never goes up', () => {
  const found = (path: string) => problems({ programs: { web: { cmd: 'x', watches: [path], working_dir: path } } });
  for (const path of ['{{data_root}/x', '{name}/x', '{user}', '{data_root', 'x', '/../x', '{data_root}/../x'])
    expect(found(path)).toEqual([
      expect.stringContaining('programs.web.working_dir must be an absolute path'),
      expect.stringContaining('programs.web.watches.0 must be an absolute path'),
    ]);
  for (const path of ['/', '/x/{name}', '{data_root}/x', '{project_root}']) expect(found(path)).toEqual([]);
});
