import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { publishedFiles } from '../../docs/published.ts';
import { unusable } from '../../generators/lib/answers/unusable.ts';
import { formatYoRc, parseYoRc } from '../../generators/lib/answers/yo-rc.ts';
import { canonicalIntent, complete, type Intent, merge, sortKeys } from '../../generators/lib/model/intent.ts';
import { migrate } from '../../generators/lib/model/migrations.ts';
import { RESERVED_DATA_KEYS } from '../../generators/lib/model/reserved.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { saltDefaults } from '../../generators/lib/render/salt-data.ts';

const CERT = '-----BEGIN CERTIFICATE-----\nAA';
const KEY = '-----BEGIN PRIVATE KEY-----\nAA';

const problems = (intent: Intent) =>
  (complete(intent).problems ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);

describe('the name', () => {
  it.each(['a', 'demo', 'a1', 'abcdefghijklmnopqrstuvwxyz0'])('%s is accepted', (name) => {
    expect(problems({ name })).toEqual([]);
  });
  it.each([
    '',
    'project',
    '1a',
    'A',
    'a-b',
    'a_b',
    'a.b',
    'abcdefghijklmnopqrstuvwxyz01',
    'demo\n',
    'é',
  ])('%j is refused', (name) => {
    expect(problems({ name })).toHaveLength(1);
  });
});

describe('what is wrong with answers', () => {
  it('is listed together, each at its place', () => {
    const answers = {
      publish: 'x',
      programs: { web: { cmd: 3 }, 'No Name': { cmd: 'x' }, other: {} },
      vhosts: { 'a;b': {}, 'x.org': { locations: { '/': {} } } },
      seeds: { s: { source: '/etc/passwd', target: '../../etc', mode: '9' } },
      typo: 1,
    };
    expect(problems(answers)).toMatchInlineSnapshot(`
      [
        "name is required",
        "publish must be a whole number from 1 to 65535",
        "programs.No Name the key must be 1 to 64 lower-case letters, digits, - and _, starting with a letter, and not "nginx", which images run already",
        "programs.other.cmd is required",
        "programs.web.cmd must be of type string, not number",
        "vhosts.a;b the key must be a host name",
        "seeds.s.target must be a path of letters, digits and _./{}@+- without ".."",
        "seeds.s.mode must be an octal mode such as 0640 or 2750, or keep",
        "typo is not a known field",
      ]
    `);
  });
  it('names the field that an unknown one may be, and those that are there', () => {
    const answers = { name: 'x', programs: { web: { cmd: 'x', numproceses: 2 } }, vhost: {} };
    const [top, nested] = complete(answers).problems ?? [];
    expect([top, nested].map((problem) => problem?.message).sort()).toEqual([
      'is not a known field (did you mean numprocesses?)',
      'is not a known field (did you mean vhosts?)',
    ]);
    expect([top?.fix, nested?.fix].sort()).toEqual([
      expect.stringMatching(/^known here: cmd, .*numprocesses/),
      expect.stringMatching(/^known here: name, .*vhosts/),
    ]);
  });
  it('includes seeds that leave their place', () => {
    const seed = (source: string, target: string) =>
      problems({ name: 'x', volumes: ['/srv/media'], seeds: { s: { source, target } } });
    expect(seed('app/x', 'data/x')).toEqual([]);
    expect(seed('app/x', '/srv/media/x')).toEqual([]);
    expect(seed('app/x', '/srv/mediaother/x')).toEqual([
      'seeds.s.target must be relative to data/ or lie below one of `volumes`',
    ]);
  });
  it.each([
    [{ programs: { nginx: { cmd: 'x' } } }, 'programs.nginx'],
    [{ configs: { a: { source: 'a', mode: '2640' } } }, 'configs.a.mode'],
    [{ programs: { a: { cmd: "'unclosed" } } }, 'programs.a.cmd'],
    [{ programs: { a: { cmd: '  ' } } }, 'programs.a.cmd'],
    [{ vhosts: { 'a..b': {} } }, 'vhosts.a..b'],
    [{ vhosts: { 'shop.example.com': { default_server: true } } }, 'vhosts.shop.example.com.default_server'],
    [{ vhosts: { localhost: { locations: { '/': { alias: '/srv/x/' } } } } }, 'vhosts.localhost.locations./'],
    [{ vhosts: { a: { locations: { '/': { proxy_pass: 'http://[' } } } } }, 'vhosts.a.locations./.proxy_pass'],
    [{ programs: { nginx: { cmd: 'x' } } }, 'programs.nginx'],
    [{ programs: { a: { cmd: 'x', oneshot: true, numprocesses: 2 } } }, 'programs.a.numprocesses'],
    [{ programs: { a: { cmd: 'x', port: 65535, numprocesses: 2 } } }, 'programs.a.numprocesses'],
    [{ programs: { a: { cmd: 'x', rlimits: { files: 1 } } } }, 'programs.a.rlimits.files'],
    [{ programs: { a: { cmd: 'x', rlimits: { nofile: -2 } } } }, 'programs.a.rlimits.nofile'],
    [{ programs: { a: { cmd: 'x', env_from: { A: 'app::b' } } } }, 'programs.a.env_from.A'],
    [{ programs: { a: { cmd: 'x', log_file: 'a.log' } } }, 'programs.a.log_file'],
    [{ programs: { a: { cmd: 'x', healthcheck: '"' } } }, 'programs.a.healthcheck'],
    [{ crons: { a: { cmd: 'x' } } }, 'crons.a.schedule'],
    [{ base_image: 'a:b:c//@' }, 'base_image'],
    [{ volumes: ['/srv/projects/x/data'] }, 'volumes.0'],
    [{ volumes: ['/usr'] }, 'volumes.0'],
    [{ volumes: ['/srv/a', '/srv/a/'] }, 'volumes.1'],
    [{ publish: 0 }, 'publish'],
    [{ vhosts: { a: { locations: { '/': { raw: 'return 200 "x" }' } } } } }, 'vhosts.a.locations./.raw'],
    [{ vhosts: { a: { locations: { '@x': { proxy_pass: 'http://b/c' } } } } }, 'vhosts.a.locations.@x.proxy_pass'],
    [{ vhosts: { a: { locations: { '/': {} } } } }, 'vhosts.a.locations./'],
    [{ vhosts: { a: { add_header: { 'X-A': '$nothing' } } } }, 'vhosts.a.add_header.X-A'],
    [{ vhosts: { a: { ssl_cert: '-----BEGIN CERTIFICATE-----\nAA' } } }, 'vhosts.a'],
    [{ vhosts: { a: { ssl_listen: 80 } } }, 'vhosts.a.ssl_listen'],
    [{ vhosts: { a: { locations: { '/': { allow: ['999.0.0.1'] } } } } }, 'vhosts.a.locations./.allow.0'],
    [{ vhosts: { a: { deny: ['10.0.0.0/33'] } } }, 'vhosts.a.deny.0'],
    [{ vhosts: { a: { send_timeout: '1M' } } }, 'vhosts.a.send_timeout'],
    [{ vhosts: { a: { error_page: { 499: '/x' } } } }, 'vhosts.a.error_page.499'],
    [{ vhosts: { a: { add_header: { 'X-A': '$host{name}' } } } }, 'vhosts.a.add_header.X-A'],
    [{ vhosts: { a: { auth_basic_users: { '#b': 'c' } } } }, 'vhosts.a.auth_basic_users.#b'],
    [{ vhosts: { a: { auth_basic_users: { b: 'c:d' } } } }, 'vhosts.a.auth_basic_users.b'],
    [{ vhosts: { a: { locations: { '/': { expires: '5ms' } } } } }, 'vhosts.a.locations./.expires'],
    [{ vhosts: { a: { locations: { '/': { try_files: ['$uri'] } } } } }, 'vhosts.a.locations./.try_files'],
    [{ vhosts: { a: { locations: { '/': { try_files: ['$x', '/'] } } } } }, 'vhosts.a.locations./.try_files.0'],
    [{ vhosts: { a: { locations: { '/': { proxy_pass: 'http://b:65536' } } } } }, 'vhosts.a.locations./.proxy_pass'],
    [{ vhosts: { a: { locations: { '/': { uwsgi_pass: 'b:0' } } } } }, 'vhosts.a.locations./.uwsgi_pass'],
    [{ vhosts: { a: { listen: 8443 }, b: { ssl_cert: CERT, ssl_key: KEY, ssl_listen: 8443 } } }, 'vhosts.b.ssl_listen'],
    [{ upstreams: { a: { servers: ['b:1 weight=0'] } } }, 'upstreams.a.servers.0'],
    [
      { upstreams: { a: { servers: ['127.0.0.1:1', '127.0.0.2:1 backup'], method: 'ip_hash' } } },
      'upstreams.a.servers',
    ],
    [{ upstreams: { a: { servers: ['127.0.0.1:1 backup'] } } }, 'upstreams.a.servers'],
    [{ upstreams: { a: {} } }, 'upstreams.a'],
    [{ upstreams: { a: { program: 'web' } } }, 'upstreams.a.program'],
    [{ configs: { a: { source: 'x', target: '{data_root}/x' } } }, 'configs.a.user'],
    [{ directories: { '/srv/m/x': {} }, volumes: ['/srv/m'] }, 'directories./srv/m/x'],
    [{ apt_repositories: { a: { uri: 'https://x', suites: ['y'], components: ['z'] } } }, 'apt_repositories.a'],
    [{ virtualenvs: { a: {} } }, 'virtualenvs.a'],
    [{ reconfigure_steps: ['300_nginx'] }, 'reconfigure_steps.0'],
  ])('includes %j, which would not build or start', (answers, place) => {
    expect(problems({ name: 'x', ...answers }).map((problem) => problem.split(' ')[0])).toEqual([place]);
  });
  it('includes two locations that are the same to nginx, and an invalid regular expression', () => {
    const locations = (...paths: string[]) =>
      problems({
        name: 'x',
        vhosts: { a: { locations: Object.fromEntries(paths.map((path) => [path, { return: '404' }])) } },
      });
    expect(locations('/b', '^~ /b', '= /b')).toEqual([
      'vhosts.a.locations.^~ /b is the same to nginx as /b; take one away with null',
    ]);
    expect(locations('~ (', '~ (a)[(]')).toEqual([
      'vhosts.a.locations.~ ( must have balanced ( ) and [ ], and no backslash at its end',
    ]);
    const https = { ssl_cert: CERT, ssl_key: KEY, default_server: true };
    expect(problems({ name: 'x', demo: false, vhosts: { a: https, b: { ...https, listen: 81 } } })).toEqual([
      'vhosts.b.default_server is the second one on port 443, after a; take one away, or a itself with null',
    ]);
  });
  it('leaves room for what real images need', () => {
    const answers = {
      base_image: `registry.example.com:5000/team/base-image:1.2@sha256:${'a'.repeat(64)}`,
      volumes: ['/etc/letsencrypt', '/var/lib/app'],
      vhosts: { '*.example.com': { locations: { '/': { proxy_pass: 'http://127.0.0.1:{port}/x' } } }, _: {} },
      variables: { port: '8000' },
      programs: { a: { cmd: `sh -c "echo \\"a b\\" 'c'" d\\ e` } },
    };
    expect(problems({ name: 'x', ...answers })).toEqual([]);
  });
  it.each([
    '* * * * *',
    '*/5 0-23/2 1,15,31 jan,12 0-7',
    '59 23 31 dec sat',
    '05 4 * * 1-5,sun',
    '@daily',
    '@hourly',
  ])('leaves the schedule %s', (schedule) => {
    expect(problems({ name: 'x', crons: { a: { schedule, cmd: 'x' } } })).toEqual([]);
  });
  it.each([
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '5/2 * * * *',
    '*/0 * * * *',
    'jan * * * *',
    '@reboot',
    '* * * * *\nroot',
    '* * * * * root id',
    ' * * * * *',
    '%',
  ])('includes the schedule %j', (schedule) => {
    expect(problems({ name: 'x', crons: { a: { schedule, cmd: 'x' } } })).toEqual([
      expect.stringMatching(/^crons.a.schedule (must be the five fields|has a range that goes down)/),
    ]);
  });
  it('includes a key that JavaScript would lose', () => {
    const keys = (tree: unknown) => unusable(tree).map(({ path, message }) => `${path.join('.')} ${message}`);
    expect(keys(JSON.parse('{"a": {"__proto__": {"b": 1}}}'))).toEqual(['a.__proto__ is not a possible key']);
    expect(keys({ a: '\ud800', '\udc00': 1, b: '🎉' })).toEqual([
      'a has half of a character in it (a lone UTF-16 surrogate); write the whole one',
      '\udc00 is not a possible key',
    ]);
    expect(keys({ a: new Date(), b: 2 ** 60, ['é'.repeat(170)]: 1, ['k'.repeat(900)]: 1 })).toHaveLength(3);
    expect(keys({ deep: JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) })).toEqual([
      'deep is nested deeper than 100 levels',
    ]);
  });
});

describe('layers', () => {
  it('merge dicts by key, replace lists and single values, and null removes', () => {
    const { image } = complete({
      name: 'x',
      programs: { web: { env: { PORT: '9000' } }, worker: { cmd: 'work' } },
      seeds: { welcome: null },
      app: { greeting: null },
    });
    expect(image?.programs.web).toMatchObject({
      cmd: 'python3 app/server.py',
      env: { PORT: '9000', APP_CONFIG: '/etc/makina-projects/{name}/app.json' },
    });
    expect(Object.keys(image?.programs ?? {})).toEqual(['web', 'worker']);
    expect(image?.seeds).toEqual({});
    expect(image?.app).toEqual({});
  });
  it('never bring back what was removed below', () => {
    const removed = merge({ name: 'x', programs: null }, { programs: { api: { cmd: 'x' } } });
    expect(Object.keys(complete(removed).image?.programs ?? {})).toEqual(['api']);
    const replaced = merge({ name: 'x', programs: { web: null } }, { programs: { web: { cmd: 'mine' } } });
    expect(complete(replaced).image?.programs.web).toMatchObject({ cmd: 'mine', env: {} });
    expect(complete(canonicalIntent(removed)).image).toEqual(complete(removed).image);
  });
  it('leave the demo out with demo: false', () => {
    const { image } = complete({ name: 'x', demo: false });
    expect(image).toMatchObject({ programs: {}, vhosts: {}, seeds: {}, app: {} });
  });
});

describe('.yo-rc.json', () => {
  it('keeps intent only, in canonical order, beside what other generators keep', () => {
    const intent = {
      publish: 81,
      app: { b: 1, a: null, greeting: null },
      name: 'x',
      programs: { web: null, gone: null },
    };
    const text = formatYoRc(intent, { other: { kept: true } });
    expect(JSON.parse(text)).toEqual({
      other: { kept: true },
      'generator-makina-image': {
        model: 1,
        answers: { name: 'x', publish: 81, programs: { web: null }, app: { b: 1, greeting: null } },
      },
    });
    expect(Object.keys(parseYoRc('x', text).intent ?? {})).toEqual(['name', 'publish', 'programs', 'app']);
    expect(parseYoRc('x', text).others).toEqual({ other: { kept: true } });
  });
  it.each([
    [{ programs: {}, app: {}, packages: [] }, { packages: [] }],
    [
      { programs: { web: {} }, vhosts: { localhost: { locations: {} }, 'x.org': { locations: {} } } },
      { vhosts: { 'x.org': {} } },
    ],
    [
      { programs: null, seeds: null },
      { programs: { web: null }, seeds: { welcome: null } },
    ],
    [{ programs: { web: null } }, { programs: { web: null } }],
    [
      { demo: false, programs: null, app: { a: {} } },
      { demo: false, app: { a: {} } },
    ],
  ])('stores %j as %j, since all that means the same is one text', (said, stored) => {
    expect(canonicalIntent(said)).toEqual(stored);
    expect(complete({ name: 'x', ...stored }).image).toEqual(complete({ name: 'x', ...said }).image);
  });
  it.each([
    '{',
    '[]',
    '{"generator-makina-image": 1}',
    '{"generator-makina-image": {"model": 2, "answers": {}}}',
  ])('%s is refused', (text) => {
    expect(() => parseYoRc('.yo-rc.json', text)).toThrow('.yo-rc.json');
  });
});

const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.boolean(),
    tie('list'),
    tie('dict'),
  ),
  list: fc.array(tie('node'), { maxLength: 3 }),
  dict: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.oneof(fc.constant(null), tie('node')), { maxKeys: 4 }),
}));

describe('properties of merging', () => {
  const dict = value.dict as fc.Arbitrary<Intent>;
  const settings = (app: Intent) => complete({ name: 'x', app }).image?.app as Intent;
  test('layers from the lowest up give what changing the settings one after another gives', () => {
    fc.assert(
      fc.property(dict, dict, dict, (a, b, c) => {
        const oneByOne = [b, c].reduce((said, layer) => settings(merge(said, layer)), settings(a));
        expect(settings(merge(merge(a, b), c))).toEqual(oneByOne);
        expect(merge(a, {})).toEqual(a);
      }),
    );
  });
  test('saying the same twice is saying it once, and the stored text is stable', () => {
    fc.assert(
      fc.property(dict, (app) => {
        const intent = { name: 'x', app };
        const text = formatYoRc(intent, {});
        expect(formatYoRc(merge(intent, intent), {})).toBe(text);
        expect(formatYoRc(parseYoRc('x', text).intent as Intent, {})).toBe(text);
        expect(complete(canonicalIntent(intent)).image).toEqual(complete(intent).image);
      }),
    );
  });
  test('the order of saying things never shows', () => {
    fc.assert(
      fc.property(dict, (app) => {
        const reversed = Object.fromEntries(Object.entries(app).reverse());
        expect(JSON.stringify(sortKeys(reversed))).toBe(JSON.stringify(sortKeys(app)));
      }),
    );
  });
});

test('no data key of the model is one that mc_project keeps for itself', () => {
  expect(Object.keys(saltDefaults()).filter((key) => RESERVED_DATA_KEYS.includes(key))).toEqual([]);
  expect(RESERVED_DATA_KEYS).toEqual([...new Set(RESERVED_DATA_KEYS)].sort());
});

test.each(Object.entries(publishedFiles()))('%s is what the model says (npm run docs:model)', (path, text) => {
  expect(readFileSync(join(packageRoot, path), 'utf8')).toBe(text);
});

test('stored answers of an older model go through every migration after it, in order', () => {
  const append = (word: string) => (answers: Intent) => ({ ...answers, path: `${answers.path} ${word}` });
  const migrations = [append('2'), append('3')];
  expect([1, 2, 3].map((version) => migrate({ path: 'from' }, version, migrations).path)).toEqual([
    'from 2 3',
    'from 3',
    'from',
  ]);
});
