/**
 * The declared model of an image: the one source of the flags, the prompts, the answers file, what `.yo-rc.json` stores,
 * the published JSON Schemas and the options table in docs/. Field names are those of circus, nginx and Salt.
 * zod's mini build is used because the bin loads it at every start.
 */

import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { minorVersion } from '../package.ts';

z.config(en());

/** What a field says of itself beside its type. */
export interface FieldMeta {
  description: string;
  /** The question asked on a terminal; fields without one are never asked. */
  prompt?: string;
  /** May also be given as the first word after the verb. */
  positional?: boolean;
  /** May be changed in a running image through the override pillar (it is data of the Salt project). */
  runtime?: boolean;
  /** Read by the Salt project, but only while the image is built. */
  salt?: boolean;
}

type More = Omit<FieldMeta, 'description'>;

/** A field that must be given. */
function required<T extends z.ZodMiniType>(type: T, description: string, more: More = {}): T {
  z.globalRegistry.add(type, { description, ...more });
  return type;
}

/** A field with a default. */
function field<T extends z.ZodMiniType>(
  type: T,
  usual: z.util.NoUndefined<z.output<T>>,
  description: string,
  more: More = {},
) {
  return required(z._default(type, usual), description, more);
}

/** A field that may stay away. */
function optional<T extends z.ZodMiniType>(type: T, description: string) {
  return required(z.optional(type), description);
}

const matching = (pattern: RegExp, message: string) => z.string().check(z.regex(pattern, message));
const integer = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.int(message).check(z.minimum(least, message), z.maximum(most, message));
};

const text = () => matching(/^[^\0]*$/, 'must not contain a NUL character');
const line = () =>
  matching(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/, 'must be one line without control characters');
const identifier = () =>
  matching(/^[a-z][a-z0-9_-]{0,63}$/, 'must be lower-case letters, digits, - and _, starting with a letter');
const hostname = () =>
  matching(
    /^(?=.{1,250}$)(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/,
    'must be a host name',
  );
const port = () => integer(1, 65535);
// `{key}` is mc_project's interpolation, so braces are welcome wherever a value is data of the Salt project.
const path = () =>
  matching(
    /^(?!.*(^|\/)\.\.(\/|$))[A-Za-z0-9_./{}@+-]+$/,
    'must be a path of letters, digits and _./{}@+- without ".."',
  );
const absolutePath = () =>
  matching(
    /^[/{](?!.*(^|\/)\.\.(\/|$))[A-Za-z0-9_./{}@+-]*$/,
    'must be an absolute path, or start with a {key}, of letters, digits and _./{}@+- without ".."',
  );
const volume = () =>
  matching(
    /^\/(?!.*(^|\/)\.\.?(\/|$))(?!.*\/\/)[A-Za-z0-9_./@+-]+$/,
    'must be an absolute path of letters, digits and _./@+- without "." and ".."',
  );
const account = () =>
  matching(/^([a-z_][a-z0-9_-]{0,31}|\{[a-z_]+\})$/, 'must be the name of a Unix account or a {key}');

const environmentName = () => matching(/^[A-Za-z_][A-Za-z0-9_]{0,159}$/, 'must be an environment variable name');

// nginx is a watcher of every image already, and circus keeps the first of two.
const programName = () =>
  matching(
    /^(?!nginx$)[a-z][a-z0-9_-]{0,63}$/,
    'must be lower-case letters, digits, - and _, starting with a letter, and not "nginx", which every image runs already',
  );

export const programSchema = z.strictObject({
  cmd: required(
    matching(
      /^(?=[\s\S]*\S)([^\0'"\\]|\\[^\0]|'[^\0']*'|"([^\0"\\]|\\[^\0])*")*$/,
      'must be words with balanced quotes',
    ),
    'Command line, split into words as circus does (quotes and backslashes; nothing is expanded)',
  ),
  args: field(z.array(text()), [], 'Arguments added to cmd, each exactly as written'),
  env: field(z.record(environmentName(), text()), {}, 'Environment variables, by name'),
  working_dir: field(absolutePath(), '{project_root}', 'Working directory'),
  user: field(account(), '{user}', 'Unix user that runs it'),
  group: field(account(), '{group}', 'Unix group that runs it'),
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
});

const location = z
  .strictObject({
    proxy_pass: optional(
      matching(
        /^https?:\/\/([A-Za-z0-9_.{}-]+|\[[0-9A-Fa-f:.]+\])(:([0-9]{1,5}|\{[a-z_]+\}))?(\/[A-Za-z0-9_.~/{}%-]*)?$/,
        'must be an http or https URL',
      ),
      'URL the requests are passed to',
    ),
    alias: optional(
      absolutePath(),
      'Folder the files are served from; nginx runs as www-data and must be able to read them',
    ),
  })
  .check(
    z.refine((value) => value.proxy_pass !== undefined || value.alias !== undefined, 'needs proxy_pass or alias'),
    z.refine(
      (value) => value.proxy_pass === undefined || value.alias === undefined,
      'has proxy_pass and alias; take one away with null',
    ),
  );

export const vhostSchema = z.strictObject({
  domain: optional(hostname(), "Domain it answers for; the vhost's key if not given"),
  aliases: field(z.array(hostname()), [], 'More domains it answers for'),
  listen: field(port(), 80, 'Port nginx listens on'),
  default_server: field(z.boolean(), false, 'Answers requests for unknown domains too'),
  client_max_body_size: field(
    matching(/^[0-9]{1,9}[kKmMgG]?$/, 'must be a size such as 10m'),
    '1m',
    'Largest request body',
  ),
  locations: field(
    z.record(matching(/^\/[A-Za-z0-9_./~-]{0,159}$/, 'must be a path that starts with /'), location),
    {},
    'What is served, by path prefix',
  ),
});

export const seedSchema = z.strictObject({
  source: required(path(), 'File or folder below project/'),
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
  seeds: field(
    z.record(identifier(), seedSchema),
    {},
    'Files and folders copied into a volume if and only if they are not there yet, by name',
    { runtime: true },
  ),
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
