/**
 * The declared model of an image: the one source of the flags, the prompts, the answers file, what `.yo-rc.json` stores,
 * the published JSON Schemas and the options table in docs/. Field names are those of circus, nginx and Salt.
 * zod's mini build is used because the bin loads it at every start.
 */

import * as z from 'zod/mini';
import { minorVersion } from '../package.ts';
import {
  aptRepositorySchema,
  configSchema,
  directorySchema,
  downloadSchema,
  label,
  stepName,
  virtualenvSchema,
} from './installed.ts';
import { upstreamSchema, vhostSchema } from './nginx.ts';
import {
  absolutePath,
  account,
  environmentName,
  field,
  hostname,
  identifier,
  integer,
  line,
  matching,
  optional,
  path,
  port,
  required,
  shared,
  text,
  volume,
} from './types.ts';

// nginx and cron are watchers of our own, and circus keeps the first of two.
const programName = () =>
  matching(
    /^(?!(nginx|cron)$)[a-z][a-z0-9_-]{0,63}$/,
    'must be lower-case letters, digits, - and _, starting with a letter, and neither "nginx" nor "cron", which images run already',
  );
const commandLine = shared(() =>
  matching(/^(?=[\s\S]*\S)([^\0'"\\]|\\[^\0]|'[^\0']*'|"([^\0"\\]|\\[^\0])*")*$/, 'must be words with balanced quotes'),
);
const dataPath = () => matching(/^[^:\0]+(:[^:\0]+)*$/, 'must be keys joined by ":", such as app:database:password');
const rlimitName = () =>
  matching(
    /^(as|core|cpu|data|fsize|memlock|nofile|nproc|stack)$/,
    'must be one of as, core, cpu, data, fsize, memlock, nofile, nproc, stack',
  );

/** What exec_program.py needs of a command, be it a program's or a cron's. */
const command = shared(() => ({
  cmd: required(
    commandLine(),
    'Command line, split into words as circus does (quotes and backslashes; only $(circus.wid) and $(circus.port) are replaced)',
  ),
  args: field(
    z.array(text()),
    [],
    'Arguments added to cmd, each exactly as written but for $(circus.wid) and $(circus.port)',
  ),
  env: field(z.record(environmentName(), text()), {}, 'Environment variables, by name'),
  env_from: field(
    z.record(environmentName(), dataPath()),
    {},
    'Environment variables with a value of `data`, as NAME: app:database:password',
  ),
  working_dir: field(absolutePath(), '{project_root}', 'Working directory'),
  user: field(account(), '{user}', 'Unix user that runs it'),
  group: field(account(), '{group}', 'Unix group that runs it'),
  rlimits: field(
    z.record(rlimitName(), integer(-1, Number.MAX_SAFE_INTEGER)),
    {},
    'Resource limits, soft and hard: nofile, nproc, core, as, fsize, stack, cpu, data, memlock; -1 for none',
  ),
  log_file: optional(absolutePath(), "File its output goes to; the container's output if not given"),
  log_max_bytes: field(
    integer(0, Number.MAX_SAFE_INTEGER),
    10485760,
    'Size at which log_file is renamed to log_file.1, and a new one begun; 0 for never',
  ),
  log_backup_count: field(integer(0, 1000), 5, 'How many renamed log files are kept'),
}));

export const programSchema = z.strictObject({
  ...command(),
  copy_env: field(z.boolean(), false, "Also gets the container's environment; env counts more"),
  port: optional(port(), 'Port of its first process, told in PORT; the next process has the next port'),
  numprocesses: field(integer(0, 1024), 1, 'How many processes to run'),
  priority: field(integer(0, 65535), 100, 'Programs with a higher priority start first, and stop last'),
  stop_signal: field(
    z.enum(['TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'KILL']),
    'TERM',
    'Signal that asks it to stop',
  ),
  graceful_timeout: field(integer(0, 3600), 5, 'Seconds it may take to stop before it is killed'),
  max_retry: field(integer(-1, 1000), 5, 'Deaths within a minute after which it is not started again; -1 for no limit'),
  essential: field(z.boolean(), true, 'The container ends with its exit code when it is not started again'),
  oneshot: field(
    z.boolean(),
    false,
    'Runs once, to its end, before the programs of the same or a lower priority start',
  ),
  autostart: field(z.boolean(), true, 'Starts with the container; otherwise with circusctl start'),
  warmup_delay: field(
    integer(0, 3600),
    0,
    'Seconds between the starts of its processes, and before the next program starts',
  ),
  stop_children: field(z.boolean(), false, 'Its child processes get the stop signal too'),
  healthcheck: optional(commandLine(), 'Command line that ends with 0 within 4 seconds while it is healthy'),
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
  ...command(),
});

/** Whether each range of a schedule goes up: cron drops the whole file otherwise. */
function ascending(schedule: string): boolean {
  return [...schedule.matchAll(/(\d+)-(\d+)/g)].every(([, from, to]) => Number(from) <= Number(to));
}

export const seedSchema = z.strictObject({
  source: optional(path(), 'File or folder below project/; an empty folder if not given'),
  target: required(
    path(),
    'Where it is copied if nothing is there: below data/, or an absolute path in one of `volumes`',
  ),
  owner: field(account(), '{user}', 'Unix user that owns the copy'),
  group: field(account(), '{group}', 'Unix group of the copy'),
  mode: field(
    matching(/^0?[0-7]{3}$/, 'must be an octal mode such as 0640'),
    '0640',
    'Mode of its files; folders get the matching x bits',
  ),
});

/** A whole image. Unknown keys are errors everywhere. */
export const imageSchema = z.strictObject({
  name: required(
    matching(
      /^(?!project$)[a-z][a-z0-9]{0,26}$/,
      'must be 1 to 27 lower-case letters and digits, starting with a letter, and not "project", which mc_project keeps for itself',
    ),
    'Name of the project and of its image',
    { prompt: 'Name of the project', positional: true },
  ),
  description: field(line(), 'A makina-states based image', 'One line that says what the image is', {
    prompt: 'What is it, in one line',
  }),
  base_image: field(
    matching(
      /^([A-Za-z0-9.-]+(:[0-9]+)?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$/,
      'must be a Docker image reference',
    ),
    `makina-image-base:${minorVersion}`,
    'Docker image it is built on: our base image or a makina-states one',
  ),
  demo: field(
    z.boolean(),
    true,
    'Start with the small demo application: its program `web`, its vhost, its seed and its code in app/',
    { prompt: 'Start with the small demo application' },
  ),
  publish: field(port(), 8080, 'Port of the host on which compose.yaml publishes port 80 of the container'),
  ci: field(z.array(z.enum(['github', 'gitlab'])), [], 'Where CI keeps the project up to date: github, gitlab'),
  packages: field(
    z.array(matching(/^[a-z0-9][a-z0-9+.-]+$/, 'must be a Debian package name')),
    [],
    'Debian packages installed in the image',
    { salt: true },
  ),
  apt_repositories: field(z.record(identifier(), aptRepositorySchema), {}, 'More apt repositories, by name', {
    salt: true,
  }),
  virtualenvs: field(z.record(identifier(), virtualenvSchema), {}, 'Python virtual environments, by name', {
    salt: true,
  }),
  downloads: field(z.record(identifier(), downloadSchema), {}, 'Files and archives fetched while the image is built', {
    salt: true,
  }),
  directories: field(
    z.record(absolutePath(), directorySchema),
    {},
    'Folders made while the image is built, by path; one in a volume is a seed without source',
    { salt: true },
  ),
  environment: field(z.record(environmentName(), line()), {}, "The container's own environment variables"),
  labels: field(z.record(label(), line()), {}, 'Labels of the image'),
  ports: field(z.array(port()), [], "Ports that the image exposes beside nginx's"),
  reconfigure_steps: field(
    z.array(stepName()),
    [],
    'Salt steps of your own (.salt/NNN_name.sls) that run at each reconfiguration too, not only at build time',
  ),
  volumes: field(z.array(volume()), [], 'Volumes beside the data folder, as absolute paths', { salt: true }),
  override_jinja: field(
    z.boolean(),
    false,
    'Renders the run-time override as a Jinja template, as root: only where nobody else can write to the data volume',
  ),
  watched_env: field(
    z.array(environmentName()),
    [],
    "Environment variables of the container that the Salt project reads, with salt['environ.get']: a start with another value reconfigures",
  ),
  programs: field(z.record(programName(), programSchema), {}, 'Processes that circus runs, by name', { runtime: true }),
  vhosts: field(z.record(hostname(), vhostSchema), {}, 'Virtual hosts that nginx serves, by domain', { runtime: true }),
  upstreams: field(
    z.record(identifier(), upstreamSchema),
    {},
    'Groups of servers that nginx passes requests to, by name',
    {
      runtime: true,
    },
  ),
  configs: field(z.record(identifier(), configSchema), {}, 'Configuration files made from templates of the project', {
    runtime: true,
  }),
  seeds: field(
    z.record(identifier(), seedSchema),
    {},
    'Files and folders copied into a volume if and only if they are not there yet, by name',
    { runtime: true },
  ),
  crons: field(z.record(identifier(), cronSchema), {}, 'Commands that cron runs at set times, by name', {
    runtime: true,
  }),
  app: field(
    z.record(
      matching(/^[A-Za-z_][A-Za-z0-9_-]{0,159}$/, 'must be letters, digits, _ and -, not starting with a digit'),
      z.json(),
    ),
    {},
    "The application's own settings, free in form; your states and programs read them as data.app",
    { runtime: true },
  ),
});

/** A complete, valid image: every default filled in. */
export type Image = z.output<typeof imageSchema>;
