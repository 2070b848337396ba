/**
 * The declared model of an image: the one source of the flags, the prompts, the answers file, what `.yo-rc.json` stores,
 * the published JSON Schemas and the options table in docs/. Field names are those of circus, nginx and Salt.
 * zod's mini build is used because the bin loads it at every start.
 */

import * as z from 'zod/mini';
import { minorVersion } from '../package.ts';
import { ciFolder, ciSource } from './ci.ts';
import {
  aptRepositorySchema,
  configSchema,
  directorySchema,
  downloadSchema,
  groupSchema,
  label,
  stepName,
  symlinkSchema,
  userSchema,
  virtualenvSchema,
} from './installed.ts';
import { geoSchema, mapSchema, upstreamSchema, vhostSchema } from './nginx.ts';
import { cronSchema, logFormat, programName, programSchema } from './program.ts';
import { serviceName, serviceSchema } from './service.ts';
import {
  absolutePath,
  account,
  accountName,
  defaultsFor,
  environmentName,
  field,
  fileName,
  hostname,
  identifier,
  integer,
  ipAddress,
  line,
  matching,
  network,
  optional,
  path,
  port,
  required,
  variableName,
  volume,
  watchedName,
} from './types.ts';

export const seedSchema = z.strictObject({
  source: optional(
    path,
    'File or folder below project/, or an absolute path in the image; an empty folder if not given',
  ),
  target: required(
    path,
    'Where it is copied if nothing is there: below data/, or an absolute path in one of `volumes`',
  ),
  owner: field(account, '{user}', 'Unix user that owns the copy'),
  group: field(account, '{group}', 'Unix group of the copy'),
  mode: field(
    matching(/^([0-3]?[0-7]{3}|keep)$/, 'must be an octal mode such as 0640 or 2750, or keep'),
    '0640',
    'Mode of its files; folders get the matching x bits, and the setgid or sticky bit of four digits; `keep` takes the bits of each source',
  ),
});

const nginxVariable = matching(
  /^[a-z][a-z0-9_]{0,63}$/,
  'must be the name of a variable, of lower-case letters, digits and _',
);
/** What a program gets as `secret:NAME`, and a config as `secrets.NAME`. */
export const secretSchema = z.strictObject({
  length: field(integer(16, 1024), 64, 'How many characters; a multiple of 4 for base64'),
  format: field(z.enum(['hex', 'base64', 'alnum']), 'hex', 'Of which characters'),
  value: optional(
    matching(/^[^\0]{1,65536}$/, 'must be 1 to 65536 characters without NUL'),
    'The secret itself, instead of one that is drawn: for the override, which is neither in git nor in the image',
  ),
});

/** The base image that `makina-image base` writes. */
export const ownBaseImage = `makina-image-base:${minorVersion}`;

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
  description: field(line, 'A makina-states based image', 'One line that says what the image is', {
    prompt: 'What is it, in one line',
  }),
  base_image: field(
    matching(
      /^([A-Za-z0-9.-]+(:[0-9]+)?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$/,
      'must be a Docker image reference',
    ),
    ownBaseImage,
    'Docker image it is built on: our base image or a makina-states one',
  ),
  runtime: optional(
    z.enum(['base', 'vendored']),
    'Where the runtime is: `base`, in the base image, or `vendored`, in project/.salt/runtime; vendored unless base_image is makina-image-base',
  ),
  demo: field(
    z.boolean(),
    true,
    'Start with the small demo application: its program `web`, its vhost, its seed and its code in app/',
  ),
  publish: field(port, 8080, 'Port of the host on which compose.yaml publishes port 80 of the container'),
  ci: field(
    z.array(z.enum(['github', 'gitlab', 'renovate'])),
    [],
    'Where CI keeps the project up to date and builds its image: github, gitlab; renovate writes settings of that bot',
  ),
  ci_source: optional(
    ciSource,
    'Where CI takes the generator from: `@scope/name` of a registry, `https://....tgz`, `git+https://...` or `git+ssh://...`; `ci` asks for it',
  ),
  ci_folder: field(ciFolder, '.', 'Where the project lies in its git repository, as CI finds it; `ci` sets it'),
  editors: field(
    z.array(z.enum(['devcontainer', 'vscode'])),
    [],
    'Files for editors: devcontainer (a development container), vscode (checks and completes the override)',
  ),
  packages: field(
    z.array(matching(/^[a-z0-9][a-z0-9+.-]+$/, 'must be a Debian package name')),
    [],
    'Debian packages installed in the image',
    { salt: true },
  ),
  apt_repositories: field(z.record(identifier, aptRepositorySchema), {}, 'More apt repositories, by name', {
    salt: true,
  }),
  virtualenvs: field(z.record(identifier, virtualenvSchema), {}, 'Python virtual environments, by name', {
    salt: true,
  }),
  downloads: field(z.record(identifier, downloadSchema), {}, 'Files and archives fetched while the image is built', {
    salt: true,
  }),
  groups: field(z.record(accountName, groupSchema), {}, 'Unix groups that the build makes, by name', { salt: true }),
  users: field(z.record(accountName, userSchema), {}, 'Unix users that the build makes, by name', { salt: true }),
  directories: field(
    z.record(absolutePath, directorySchema),
    {},
    'Folders made while the image is built, by path; one in a volume is a seed without source',
    { salt: true },
  ),
  build_files: field(
    z.array(path),
    [],
    'Files and folders below project/ that the first layer needs beside those that other answers name, such as what a requirements file includes; `.` for all of it',
  ),
  environment: field(z.record(environmentName, line), {}, "The container's own environment variables"),
  labels: field(z.record(label, line), {}, 'Labels of the image'),
  ports: field(z.array(port), [], "Ports that the image exposes beside nginx's"),
  reconfigure_steps: field(
    z.array(stepName),
    [],
    'Salt steps of your own (.salt/NNN_name.sls) that run at each reconfiguration too, not only at build time',
  ),
  volumes: field(z.array(volume), [], 'Volumes beside the data folder, as absolute paths', { salt: true }),
  override_jinja: field(
    z.boolean(),
    false,
    'Renders the runtime override as a Jinja template, as root: only where no one else can write to the data volume',
  ),
  services: field(
    z.record(serviceName, serviceSchema),
    {},
    'Databases and the like beside the image in compose.yaml, by name: a `kind`, or an `image` and more in the words of Compose',
  ),
  watched_env: field(
    z.array(watchedName),
    [],
    "Environment variables of the container that the Salt project reads, with salt['environ.get']: a start with another value reconfigures",
  ),
  variables: field(
    z.record(variableName, line),
    {},
    'Values of your own, by name: write `{version}` for the value of `version` in paths, hosts, accounts, commands and every other text of `data`',
    { runtime: true },
  ),
  secrets: field(z.record(variableName, secretSchema), {}, 'Secrets that the first start on a volume draws, by name', {
    runtime: true,
  }),
  log_format: field(
    logFormat,
    'plain',
    "How lines come into the container's output: as they are, with the program's name before each, or as one JSON object for each",
    { runtime: true },
  ),
  program_defaults: field(
    defaultsFor(programSchema, ['port', 'socket']),
    {},
    'What `programs` have if they say nothing else, such as `user`',
    { runtime: true },
  ),
  cron_defaults: field(defaultsFor(cronSchema), {}, 'What `crons` have if they say nothing else', { runtime: true }),
  config_defaults: field(defaultsFor(configSchema, ['target']), {}, 'What `configs` have if they say nothing else', {
    runtime: true,
  }),
  seed_defaults: field(defaultsFor(seedSchema, ['source']), {}, 'What `seeds` have if they say nothing else', {
    runtime: true,
  }),
  programs: field(z.record(programName, programSchema), {}, 'Processes that circus runs, by name', { runtime: true }),
  vhosts: field(z.record(hostname, vhostSchema), {}, 'Virtual hosts that nginx serves, by domain', { runtime: true }),
  upstreams: field(
    z.record(identifier, upstreamSchema),
    {},
    'Groups of servers that nginx passes requests to, by name',
    {
      runtime: true,
    },
  ),
  maps: field(
    z.record(nginxVariable, mapSchema),
    {},
    "Variables of nginx's that follow from a text, by name without $",
    {
      runtime: true,
    },
  ),
  geos: field(
    z.record(nginxVariable, geoSchema),
    {},
    "Variables of nginx's that follow from the address of a client, by name without $",
    { runtime: true },
  ),
  access_log_format: field(
    z.enum(['combined', 'json']),
    'combined',
    "Lines of nginx's access log: its usual ones, or one JSON object a line",
    { runtime: true },
  ),
  worker_processes: field(
    z.union([integer(1, 512), z.enum(['auto'])], 'must be auto, or a whole number from 1 to 512'),
    'auto',
    "nginx's processes; `auto` for as many as the processors that the container may use",
    { runtime: true },
  ),
  worker_connections: field(
    integer(64, 1_000_000),
    8192,
    "How many connections each of nginx's processes takes, as far as the limit of open files allows",
    { runtime: true },
  ),
  ipv6: field(
    z.enum(['auto', 'on', 'off']),
    'auto',
    'nginx listens with IPv6 too; `auto` where the kernel of the container has it',
    { runtime: true },
  ),
  resolver: field(
    z.array(ipAddress),
    [],
    'Name servers that nginx asks for backends with a name; those of the container if not given',
    { runtime: true },
  ),
  trusted_proxies: field(
    z.array(network),
    [],
    'Addresses of proxies before nginx: what their X-Forwarded-For, -Proto and -Host say of the client counts',
    { runtime: true },
  ),
  metrics: optional(
    port,
    'Port at which Prometheus finds the metrics of the container, as /metrics; no metrics if not given',
    { runtime: true },
  ),
  metrics_address: field(
    ipAddress,
    '127.0.0.1',
    'Address of the container at which it does: the inside alone, or 0.0.0.0 for whoever reaches the container',
    { runtime: true },
  ),
  configs: field(z.record(fileName, configSchema), {}, 'Configuration files made from templates of the project', {
    runtime: true,
  }),
  seeds: field(
    z.record(fileName, seedSchema),
    {},
    'Files and folders copied into a volume if and only if they are not there yet, by name',
    { runtime: true },
  ),
  symlinks: field(
    z.record(absolutePath, symlinkSchema),
    {},
    'Symbolic links, by path: the build makes those outside of volumes, each start makes those in volumes',
    { runtime: true },
  ),
  crons: field(z.record(identifier, cronSchema), {}, 'Commands that run at set times, by name', {
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
