/** What circus runs, in its own words: programs, and commands that run at set times. */

import * as z from 'zod/mini';
import {
  absolutePath,
  account,
  environmentName,
  field,
  integer,
  matching,
  optional,
  PATH_KEYS,
  PORT,
  port,
  ROOT,
  reloadSignal,
  required,
  text,
  withKeys,
} from './types.ts';

// nginx is a watcher of our own, and circus keeps the first of two.
export const programName = matching(
  /^(?!nginx$)[a-z][a-z0-9_-]{0,63}$/,
  'must be 1 to 64 lower-case letters, digits, - and _, starting with a letter, and not "nginx", which images run already',
);
const commandLine = matching(
  /^(?=[\s\S]*\S)([^\0'"\\]|\\[^\0]|'[^\0']*'|"([^\0"\\]|\\[^\0])*")*$/,
  'must be words with balanced quotes',
);
const awaited = withKeys(
  PATH_KEYS,
  new RegExp(
    `^(unix:${ROOT}(?!.*(^|/)\\.\\.(/|$))[A-Za-z0-9_./{}@+-]*|([A-Za-z0-9_{][A-Za-z0-9_.{}-]{0,252}|\\[[0-9A-Fa-f:.]{2,45}\\]):(${PORT}|\\{[a-z][a-z0-9_]*\\}))$`,
  ),
  'must be HOST:PORT or unix:/PATH',
);
const socketPath = withKeys(
  PATH_KEYS,
  new RegExp(`^${ROOT}(?!.*(^|/)\\.\\.(/|$))[A-Za-z0-9_./{}@+-]*/([A-Za-z0-9_.{}@+-]|\\$\\(circus\\.wid\\))+$`),
  'must be an absolute path of letters, digits and _./{}@+- without "..", with $(circus.wid) in the name of the file at most',
);
const source = withKeys(
  PATH_KEYS,
  new RegExp(
    `^((?!((optional-)?file|secret):)[^:\\0]+(:[^:\\0]+)*|secret:[a-z][a-z0-9_]{0,63}|(optional-)?file:${ROOT}(?!.*(^|/)\\.\\.(/|$))[A-Za-z0-9_./{}@+-]*)$`,
  ),
  'must be keys joined by ":", such as app:database:password, file: or optional-file: and an absolute path, or secret: and a name',
);
export const logFormat = z.enum(['plain', 'prefixed', 'json']);
const rlimitName = matching(
  /^(as|core|cpu|data|fsize|memlock|nofile|nproc|stack)$/,
  'must be one of as, core, cpu, data, fsize, memlock, nofile, nproc, stack',
);

/** What exec_program.py needs of a command, be it a program's or a cron's. */
const command = {
  cmd: required(
    commandLine,
    'Command line, split into words as circus does (quotes and backslashes; only $(circus.wid) and $(circus.port) are replaced)',
  ),
  args: field(
    z.array(text),
    [],
    'Arguments added to cmd, each exactly as written but for $(circus.wid) and $(circus.port)',
  ),
  env: field(z.record(environmentName, text), {}, 'Environment variables, by name'),
  env_from: field(
    z.record(environmentName, source),
    {},
    'Environment variables with a value of `data`, as NAME: app:database:password, with what a file holds, as NAME: file:/run/secrets/db (optional-file: if it may be absent), or with one of `secrets`, as NAME: secret:session_key',
  ),
  working_dir: field(absolutePath, '{project_root}', 'Working directory'),
  user: field(account, '{user}', 'Unix user that runs it'),
  group: field(account, '{group}', 'Unix group that runs it'),
  rlimits: field(
    z.record(rlimitName, integer(-1, Number.MAX_SAFE_INTEGER)),
    {},
    'Resource limits, soft and hard: nofile, nproc, core, as, fsize, stack, cpu, data, memlock; -1 for none',
  ),
  log_file: optional(absolutePath, "File its output goes to; the container's output if not given"),
  log_format: optional(
    logFormat,
    "How its lines come into the container's output; as the image's `log_format` if not given",
  ),
  log_max_bytes: field(
    integer(0, Number.MAX_SAFE_INTEGER),
    10485760,
    'Size at which log_file is renamed to log_file.1, and a new one begun; 0 for never',
  ),
  umask: optional(
    matching(/^0?[0-7]{3}$/, 'must be 3 octal digits in quotes, or 4 that begin with 0, such as "0027"'),
    'Mode bits that the files it makes never have, as octal digits: "0027" if not given, and "0007" with a `socket`',
  ),
  copy_env: field(z.boolean(), false, "Also gets the container's environment; env counts more"),
  log_backup_count: field(integer(0, 1000), 5, 'How many renamed log files are kept'),
};

/** How a program, or a run of a cron, is asked to end. */
const ending = {
  stop_signal: field(
    z.enum(['TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'KILL']),
    'TERM',
    'Signal that asks it to stop',
  ),
  graceful_timeout: field(integer(0, 3600), 5, 'Seconds it may take to stop before it is killed'),
};

export const programSchema = z.strictObject({
  ...command,
  port: optional(port, 'Port of its first process, which gets it in PORT; the next process has the next port'),
  socket: optional(
    socketPath,
    'Unix socket that it listens on, such as /run/app/web.sock, with $(circus.wid) in its name for several processes: its folder is made so that nginx can connect',
  ),
  numprocesses: field(integer(0, 1024), 1, 'How many processes to run'),
  priority: field(integer(0, 65535), 100, 'Programs with a higher priority start first, and stop last'),
  ...ending,
  reload_signal: optional(
    reloadSignal,
    'Signal at which it reads its files anew: it gets that instead of a restart when `configs` or `watches` changed',
  ),
  max_age: field(
    integer(0, 31_536_000),
    0,
    'Seconds after which a process is stopped and started anew, and up to 30 more, so that not all are at once; 0 for never',
  ),
  max_retry: optional(
    integer(-1, 1000),
    'Deaths within a minute after which it is not started again, 5 if not given; of a oneshot how often it is tried, once if not given; -1 for no limit',
  ),
  wait_for: field(
    z.array(awaited),
    [],
    'What must accept connections before it starts, tried each second: HOST:PORT or unix:/PATH',
  ),
  wait_timeout: field(
    integer(1, 86_400),
    60,
    'Seconds it waits at most; then the container ends if it is essential, otherwise it starts all the same',
  ),
  essential: field(z.boolean(), true, 'The container ends with its exit code when it is not started again'),
  oneshot: field(
    z.boolean(),
    false,
    'Runs once, to its end, before the programs of the same or a lower priority start',
  ),
  autostart: field(z.boolean(), true, 'Starts with the container; otherwise with makina start'),
  warmup_delay: field(
    integer(0, 3600),
    0,
    'Seconds between the starts of its processes, and before the next program starts',
  ),
  stop_children: field(z.boolean(), false, 'Its child processes get the stop signal too'),
  watches: field(
    z.array(absolutePath),
    [],
    'Files and folders that it reads as it starts, beside `configs`: it is restarted when one changed, or gets its `reload_signal`',
  ),
  healthcheck: optional(commandLine, 'Command line that ends with 0 within 4 seconds while it is healthy'),
});

/** One of the five fields of a schedule: numbers matching `number`, or one of `names`. */
const cronField = (number: string, names = '') => {
  const element = `(\\*(/[1-9][0-9]?)?|0?${number}(-0?${number}(/[1-9][0-9]?)?)?${names && `|${names}`})`;
  return `${element}(,${element})*`;
};
const CRON_FIELDS = [
  cronField('([0-9]|[1-5][0-9])'),
  cronField('([0-9]|1[0-9]|2[0-3])'),
  cronField('([1-9]|[12][0-9]|3[01])'),
  cronField('([1-9]|1[0-2])', 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec'),
  cronField('[0-7]', 'sun|mon|tue|wed|thu|fri|sat'),
];

export const cronSchema = z.strictObject({
  schedule: required(
    matching(
      new RegExp(`^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|${CRON_FIELDS.join(' +')})$`),
      'must be the five fields of a crontab, or @hourly, @daily, @weekly, @monthly or @yearly',
    ).check(z.refine(ascending, 'has a range that goes down')),
    "When it runs, in the container's time: the five fields of a crontab, or @hourly, @daily, @weekly, @monthly, @yearly",
  ),
  ...command,
  ...ending,
});

/** Whether each range of a schedule goes up: a range that goes down is a mistake. */
function ascending(schedule: string): boolean {
  return [...schedule.matchAll(/(\d+)-(\d+)/g)].every(([, from, to]) => Number(from) <= Number(to));
}
