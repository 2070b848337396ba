import { describe, expect, it } from 'vitest';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { warningsOf } from '../../generators/lib/model/warnings.ts';
import table from '../tables/commands.json' with { type: 'json' };

/** test/launcher/test_program_checks.py holds the launcher against the same table. */
const problems = (answers: Intent) =>
  (complete({ name: 'x', demo: false, ...answers }).problems ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );
const told = (where: string, message: string | null) => (message === null ? [] : [`${where} ${message}`]);

describe('a command line that no shell reads', () => {
  it.each(Object.entries(table.lines))('%j is refused where it would break', (line, message) => {
    expect(problems({ programs: { a: { cmd: line } } })).toEqual(told('programs.a.cmd', message));
    expect(problems({ programs: { a: { cmd: 'x', healthcheck: line } } })).toEqual(
      told('programs.a.healthcheck', message),
    );
    expect(problems({ crons: { a: { cmd: line, schedule: '@daily' } } })).toEqual(told('crons.a.cmd', message));
  });
});

it.each(
  Object.entries(table.schedules),
)('the schedule %j is refused if it never does as it says', (schedule, message) => {
  expect(problems({ crons: { a: { cmd: 'x', schedule } } })).toEqual(told('crons.a.schedule', message));
});

it.each(
  table.programs as [Record<string, Intent>, string | null][],
)('what does not fit together within a program: %j', (programs, message) => {
  const named = Object.fromEntries(Object.entries(programs).map(([name, entry]) => [name, { cmd: 'x', ...entry }]));
  expect(problems({ programs: named })).toEqual(message === null ? [] : [`programs.${message}`]);
});

it('an age is a number of seconds, and a signal one that can be sent', () => {
  const found = (fields: Intent) => problems({ programs: { a: { cmd: 'x', ...fields } } });
  for (const max_age of [-1, 1.5, 31_536_001, '1h', true, [1]])
    expect(found({ max_age })).toEqual([expect.stringMatching(/^programs\.a\.max_age must be /)]);
  for (const reload_signal of ['KILL', 'hup', 'SIGHUP', '', 1, ['HUP']])
    expect(found({ reload_signal })).toEqual([expect.stringMatching(/^programs\.a\.reload_signal expected one of/)]);
  const defaults = { max_age: 60, reload_signal: 'HUP' };
  const once = (fields: Intent) =>
    problems({ program_defaults: defaults, programs: { a: { cmd: 'x', oneshot: true, ...fields } } });
  expect(once({})).toHaveLength(1);
  expect(once({ max_age: 0 })).toEqual([]);
});

it.each(table.ports as [Record<string, Intent>, string | null][])('ports that meet: %j', (programs, message) => {
  const named = Object.fromEntries(Object.entries(programs).map(([name, entry]) => [name, { cmd: 'x', ...entry }]));
  const found = problems({ programs: named, vhosts: { localhost: { locations: { '/': { return: '200' } } } } });
  expect(found).toEqual(message === null ? [] : [`programs.${message}`]);
});

it.each(
  table.metrics as [number, Record<string, Intent>, string | null][],
)('the port of the metrics, %i: %j', (metrics, programs, message) => {
  const named = Object.fromEntries(Object.entries(programs).map(([name, entry]) => [name, { cmd: 'x', ...entry }]));
  const vhosts = { localhost: { locations: { '/': { return: '200' } } } };
  expect(problems({ metrics, programs: named, vhosts })).toEqual(message === null ? [] : [message]);
});

it('metrics are at a port and an address', () => {
  for (const metrics of ['9100', true, [], {}, 9.5, 0, 65536, -1])
    expect(problems({ metrics })[0]).toMatch(/^metrics must be /);
  for (const metrics_address of ['', 'localhost', '127.0.0.1:1', '10.0.0.0/8', '::1\n', '$(id)', ' 127.0.0.1'])
    expect(problems({ metrics: 9100, metrics_address })).toEqual(['metrics_address must be an address']);
  for (const metrics_address of ['127.0.0.1', '::1', '0.0.0.0'])
    expect(problems({ metrics: 1, metrics_address })).toEqual([]);
  expect(problems({ metrics: null, metrics_address: null })).toEqual([]);
});

it.each(
  table.waits as [Record<string, Intent>, string | null][],
)('a program that waits for the container itself: %j', (programs, message) => {
  const named = Object.fromEntries(Object.entries(programs).map(([name, entry]) => [name, { cmd: 'x', ...entry }]));
  const found = problems({ programs: named, vhosts: { localhost: { locations: { '/': { return: '200' } } } } });
  expect(found).toEqual(message === null ? [] : [`programs.${message}`]);
});

it.each(table.sockets as [Record<string, Intent>, string | null][])('sockets: %j', (programs, message) => {
  const named = Object.fromEntries(Object.entries(programs).map(([name, entry]) => [name, { cmd: 'x', ...entry }]));
  expect(problems({ programs: named })).toEqual(message === null ? [] : [`programs.${message}`]);
});

it('a socket is an absolute path, and an upstream can follow it', () => {
  const found = (socket: unknown) => problems({ programs: { a: { cmd: 'x', socket } } });
  const message = /^programs\.a\.socket must be an absolute path of letters/;
  for (const socket of [
    'run/a/b',
    '/run/a/../b/c',
    '/run/$(circus.wid)/x',
    '/run/a/$HOME',
    '/run/a/b/',
    '/run/a/b c',
    '/run/a/b\n',
    '',
  ])
    expect(found(socket)).toEqual([expect.stringMatching(message)]);
  expect(found('/run/{x}/y')[0]).toContain('has the unknown {x}');
  expect(found('{data_root}/x/y')[0]).toContain('must be in a folder of its own');
  const upstreams = { up: { program: 'a' } };
  expect(problems({ programs: { a: { cmd: 'x', socket: '/run/{name}/y' } }, upstreams })).toEqual([]);
  expect(problems({ programs: { a: { cmd: 'x' } }, upstreams })).toEqual([
    'upstreams.up.program names a, which has no port and no socket',
  ]);
});

it('a umask is text of octal digits', () => {
  const found = (umask: unknown) => problems({ programs: { a: { cmd: 'x', umask } } })[0];
  for (const umask of ['007', '0027', '0777']) expect(found(umask)).toBeUndefined();
  for (const umask of ['7', '08', '2022', '00027', '0o27', '', '0027\n'])
    expect(found(umask)).toBe(
      'programs.a.umask must be 3 octal digits in quotes, or 4 that begin with 0, such as "0027"',
    );
  for (const umask of [7, 27, true]) expect(found(umask)).toMatch(/^programs\.a\.umask must be of type string/);
});

it('an address to wait for is HOST:PORT or unix:/PATH', () => {
  const found = (address: unknown) => problems({ programs: { a: { cmd: 'x', wait_for: [address] } } });
  for (const address of [
    'db',
    'db:0',
    'db:65536',
    '/run/x',
    'unix:x',
    'unix:/a/../b',
    'a b:1',
    '-x:1',
    'a:1\n',
    ' ;:1',
    '',
  ])
    expect(found(address)).toEqual(['programs.a.wait_for.0 must be HOST:PORT or unix:/PATH']);
  expect(found('unix:{x}/y')[0]).toContain('has the unknown {x}');
  for (const address of ['db:5432', '[fe80::1]:1', '10.0.0.1:65535', 'unix:{data_root}/data/x.sock', 'a_b.c-d:80'])
    expect(found(address)).toEqual([]);
  const variables = { host: 'db', port: '5432' };
  expect(problems({ variables, programs: { a: { cmd: 'x', wait_for: ['{host}:{port}'] } } })).toEqual([]);
  expect(problems({ variables: { port: 'x' }, programs: { a: { cmd: 'x', wait_for: ['db:{port}'] } } })).toEqual([
    'programs.a.wait_for.0 must be HOST:PORT or unix:/PATH',
  ]);
  expect(problems({ programs: { a: { cmd: 'x', wait_timeout: 0 } } })).toEqual([
    'programs.a.wait_timeout must be a whole number from 1 to 86400',
  ]);
});

it.each([
  [
    { volumes: ['/vol/a-b', '/vol/a/b'] },
    'volumes.1 and /vol/a-b would be one Docker volume, x-vol-a-b; rename one of the folders',
  ],
  [
    { volumes: ['/vol/a', '/vol-a'] },
    'volumes.1 and /vol/a would be one Docker volume, x-vol-a; rename one of the folders',
  ],
  [
    { volumes: ['/vol/a+b', '/vol/a@b'] },
    'volumes.1 and /vol/a+b would be one Docker volume, x-vol-a-b; rename one of the folders',
  ],
  [
    { apt_repositories: { r: { uri: 'http://x/', suites: ['a'], key_file: 'k.asc' } } },
    'apt_repositories.r.components must name one at least, such as main',
  ],
  [
    { apt_repositories: { r: { uri: 'http://x/', suites: ['a/'], components: ['main'], key_file: 'k.asc' } } },
    'apt_repositories.r.components must not be given for a flat repository',
  ],
  [
    { apt_repositories: { r: { uri: 'http://x/', suites: [], key_file: 'k.asc' } } },
    'apt_repositories.r.suites must name one suite at least',
  ],
  [
    {
      downloads: { d: { url: 'http://x/', sha256: '0'.repeat(64), target: '/x', unpack: 'zip', strip_components: 1 } },
    },
    'downloads.d.strip_components has no effect without unpack: tar; take it away',
  ],
  [
    { vhosts: { a: { locations: { '/': { proxy_pass: 'http://b', proxy_set_header: { Host: 'a', host: 'b' } } } } } },
    'vhosts.a.locations./.proxy_set_header.host is the same header as Host; take one away with null',
  ],
  [
    { programs: { a: { cmd: 'x', env: { LONG: 'é'.repeat(65_536) } } } },
    'programs.a.env.LONG is longer than the 131071 bytes that the kernel takes; put it into a file',
  ],
])('%j is refused, since it would be accepted and broken later', (answers, message) => {
  expect(problems(answers)).toEqual([message]);
});

it('a flat repository, and three volumes with names of their own, are taken', () => {
  expect(problems({ volumes: ['/vol/a-b', '/vol/a_b', '/vol/ab'] })).toEqual([]);
  expect(problems({ apt_repositories: { r: { uri: 'http://x/', suites: ['./'], key_file: 'k.asc' } } })).toEqual([]);
});

it('what may be intended is a warning, not an error', () => {
  const told = (answers: Intent) =>
    warningsOf(complete({ name: 'x', demo: false, ...answers }).image as Image).map(({ path }) => path.join('.'));
  const program = (fields: Intent) => ({ programs: { a: { cmd: 'x', ...fields } } });
  expect(told(program({}))).toEqual([]);
  expect(told(program({ user: 'www-data', group: 'x-grp' }))).toEqual([]);
  expect(told(program({ user: 'svc', group: 'svc' }))).toEqual(['programs.a.user', 'programs.a.group']);
  expect(told({ seeds: { s: { target: 'data/x', owner: 'svc' } } })).toEqual(['seeds.s.owner']);
  const vhosts = { localhost: { listen: 8080, locations: { '/': { return: '200' } } } };
  expect(told({ vhosts })).toEqual(['publish']);
  expect(told({ vhosts, ...program({ port: 80 }) })).toEqual([]);
  const asking = { cmd: 'x', env: { PORT: '8000' } };
  expect(told({ programs: { a: asking, b: { cmd: 'x', port: 8000 } } })).toEqual(['programs.a.env.PORT']);
  expect(told({ programs: { a: asking, b: { cmd: 'x', port: 8001 } } })).toEqual([]);
  expect(told({ trusted_proxies: ['10.0.0.0/8', '0.0.0.0/0', '::/0'] })).toEqual([
    'trusted_proxies.1',
    'trusted_proxies.2',
  ]);
});
