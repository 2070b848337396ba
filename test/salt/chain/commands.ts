import fc from 'fast-check';
import { maybe, name, text } from './text.ts';

/** Paths of `data` to single values; the values are `app`'s. */
const dataPaths = [
  ...Array.from({ length: 20 }, (_, index) => `app:values:${index}`),
  ...['app:n', 'app:large', 'app:yes', 'app:deep:a "key"', 'app:deep:{{ x }}'],
];
/** The first is there, and the last is not. */
const files = ['file:/etc/debian_version', 'optional-file:/etc/debian_version', 'optional-file:/nowhere/x'];
export const app = fc.record({
  values: fc.array(text, { minLength: 20, maxLength: 20 }),
  n: fc.integer(),
  large: fc.constantFrom(1e21, 1.5, -0.000001, 2 ** 53 - 1),
  yes: fc.boolean(),
  deep: fc.record({ 'a "key"': text, '{{ x }}': text, '': text }),
});

const ownQuotes = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
const doubled = (word: string) => `"${word.replace(/[\\"]/g, '\\$&')}"`;
// A backslash before a line break is refused.
const escaped = (word: string) =>
  word === '' ? "''" : word.replace(/[^A-Za-z0-9]/g, (odd) => (odd === '\n' ? "'\n'" : `\\${odd}`));
const words = fc
  .array(fc.tuple(text, fc.constantFrom(ownQuotes, doubled, escaped), fc.constantFrom(' ', '  ', '\t', '\n')), {
    maxLength: 4,
  })
  .map((words) => words.map(([word, quote, blank]) => blank + quote(word)).join(''));
// It stops itself, so that its words and its environment can be read, and does nothing with them.
const commandLine = words.map((words) => `/bin/sh -c 'kill -STOP $$' sh${words}`);

const environmentName = fc.oneof(
  fc.constantFrom('on', 'Y', 'NULL', 'PATH', 'HOME', 'PORT', '_x', 'LANG'),
  fc.stringMatching(/^X[A-Za-z0-9_]{0,8}$/),
);
const folder = fc.constantFrom('/', '/tmp', '{project_root}', '{data_root}', '/usr/./lib');
// no, on and null are accounts of the tests' image.
const user = fc.constantFrom('{user}', 'root', 'www-data', 'nobody', 'no', 'on', 'null');
const group = fc.constantFrom('{group}', 'root', 'www-data', 'nogroup', 'no', 'on', 'null');

const command = {
  cmd: commandLine,
  args: maybe(fc.array(text, { maxLength: 4 })),
  env: maybe(fc.dictionary(environmentName, text, { maxKeys: 4 })),
  env_from: maybe(fc.dictionary(environmentName, fc.constantFrom(...dataPaths, ...files), { maxKeys: 3 })),
  working_dir: maybe(folder),
  user: maybe(user),
  group: maybe(group),
  rlimits: maybe(
    fc.record({ nofile: fc.integer({ min: 64, max: 512 }), core: fc.constantFrom(0, 4096) }, { requiredKeys: [] }),
  ),
  log_file: maybe(fc.constantFrom('{data_root}/log/x.log', '/var/log/{name}.log', '/tmp/{x}')),
  log_format: maybe(fc.constantFrom('plain', 'prefixed', 'json')),
  log_max_bytes: maybe(fc.nat()),
  umask: maybe(fc.stringMatching(/^0?[0-7]{3}$/)),
  copy_env: maybe(fc.boolean()),
  log_backup_count: maybe(fc.nat(1000)),
};

const ending = {
  stop_signal: maybe(fc.constantFrom('TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'KILL')),
  graceful_timeout: maybe(fc.nat(3600)),
};

export const program = fc.record({
  ...command,
  port: maybe(fc.integer({ min: 1, max: 65535 })),
  socket: maybe(
    fc.constantFrom('/run/{name}/$(circus.wid)@+.sock', '/run/./x//a$(circus.wid)b', '/run/{user}/web.sock'),
  ),
  numprocesses: maybe(fc.nat(4)),
  priority: maybe(fc.nat(65535)),
  ...ending,
  reload_signal: maybe(fc.constantFrom('HUP', 'USR1', 'USR2', 'WINCH', 'INT', 'QUIT', 'TERM')),
  max_age: maybe(fc.nat(31_536_000)),
  max_retry: maybe(fc.integer({ min: -1, max: 1000 })),
  wait_for: maybe(
    fc.array(
      fc.constantFrom('db:5432', '[fe80::1]:1', '10.0.0.1:65535', 'unix:{data_root}/data/x.sock', 'unix:/run/@+x'),
      { maxLength: 3 },
    ),
  ),
  wait_timeout: maybe(fc.integer({ min: 1, max: 86400 })),
  essential: maybe(fc.boolean()),
  oneshot: maybe(fc.boolean()),
  autostart: maybe(fc.boolean()),
  warmup_delay: maybe(fc.nat(3600)),
  stop_children: maybe(fc.boolean()),
  healthcheck: maybe(commandLine),
  watches: maybe(fc.array(fc.constantFrom('/etc/hosts', '{data_root}/data/x', '/srv/{name}'), { maxLength: 3 })),
});

const part = (...items: string[]) => fc.array(fc.constantFrom(...items), { minLength: 1, maxLength: 3 });
export const cron = fc.record({
  schedule: fc.oneof(
    fc.constantFrom('@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'),
    fc
      .tuple(
        part('*', '*/5', '0', '07', '1-59/9', '59'),
        part('*', '*/2', '0', '23', '1-3'),
        part('*', '31', '1-09', '3'),
        part('*', 'jan', '12', '1-7/2'),
        part('*', 'sun', '7', '1-5'),
      )
      .map((parts) => parts.map((part) => part.join(',')).join(' ')),
  ),
  ...command,
  ...ending,
});

export { name };
