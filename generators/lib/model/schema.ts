/**
 * The declared model of an image: the one source of the flags, the prompts, the answers file, what `.yo-rc.json` stores,
 * the published JSON Schemas and the options table in docs/. Field names are those of circus, nginx and Salt.
 */
import * as z from 'zod';
import { minorVersion } from '../package.ts';

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

declare module 'zod' {
  interface GlobalMeta extends Partial<Omit<FieldMeta, 'description'>> {}
}

const NAME = /^[a-z][a-z0-9]{0,26}$/;
const IDENTIFIER = /^[a-z][a-z0-9_-]{0,63}$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const DATA_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const HOSTNAME = /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?$/;
const IMAGE_REFERENCE = /^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$/;
const DEBIAN_PACKAGE = /^[a-z0-9][a-z0-9+.-]+$/;
// `{key}` is mc_project's interpolation, so braces are welcome wherever a value is data of the Salt project.
const PATH = /^(?!.*(^|\/)\.\.(\/|$))[A-Za-z0-9_./{}@+-]+$/;
const ABSOLUTE_PATH = /^\/(?!.*(^|\/)\.\.(\/|$))[A-Za-z0-9_./@+-]+$/;
const ACCOUNT = /^([a-z_][a-z0-9_-]{0,31}|\{[a-z_]+\})$/;
const PROXY_URL = /^https?:\/\/[A-Za-z0-9_.:{}[\]-]+(\/[A-Za-z0-9_.~/{}%-]*)?$/;

const text = () => z.string().refine((value) => !value.includes('\0'), 'must not contain a NUL character');
const line = () =>
  z.string().refine((value) => !/[\p{Cc}\u2028\u2029]/u.test(value), 'must be one line without control characters');
const path = () => z.string().regex(PATH, 'must be a path of letters, digits and _./{}@+- without ".."');
const account = () => z.string().regex(ACCOUNT, 'must be the name of a Unix account or a {key}');

const program = z.strictObject({
  cmd: text().min(1).meta({
    description: 'Command line, split into words as circus does (quotes and backslashes; nothing is expanded)',
  }),
  args: z.array(text()).default([]).meta({ description: 'Arguments added to cmd, each exactly as written' }),
  env: z
    .record(z.string().regex(ENV_NAME, 'must be an environment variable name'), text())
    .default({})
    .meta({ description: 'Environment variables, by name' }),
  working_dir: path().default('{project_root}').meta({ description: 'Working directory' }),
  user: account().default('{user}').meta({ description: 'Unix user that runs it' }),
  group: account().default('{group}').meta({ description: 'Unix group that runs it' }),
  numprocesses: z.int().min(0).max(1024).default(1).meta({ description: 'How many processes to run' }),
  priority: z.int().min(0).max(65535).default(100).meta({ description: 'Programs with a higher priority start first' }),
  stop_signal: z
    .enum(['TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'KILL'])
    .default('TERM')
    .meta({ description: 'Signal that asks it to stop' }),
  graceful_timeout: z
    .int()
    .min(0)
    .max(3600)
    .default(5)
    .meta({ description: 'Seconds it may take to stop before it is killed' }),
});

const location = z
  .strictObject({
    proxy_pass: z
      .string()
      .regex(PROXY_URL, 'must be an http or https URL')
      .optional()
      .meta({ description: 'URL the requests are passed to' }),
    alias: path().optional().meta({ description: 'Folder the files are served from' }),
  })
  .refine(
    (value) => (value.proxy_pass === undefined) !== (value.alias === undefined),
    'needs either proxy_pass or alias',
  );

const vhost = z.strictObject({
  domain: z
    .string()
    .regex(HOSTNAME, 'must be a host name')
    .optional()
    .meta({ description: "Domain it answers for; the vhost's key if not given" }),
  aliases: z
    .array(z.string().regex(HOSTNAME, 'must be a host name'))
    .default([])
    .meta({ description: 'More domains it answers for' }),
  listen: z.int().min(1).max(65535).default(80).meta({ description: 'Port nginx listens on' }),
  default_server: z.boolean().default(false).meta({ description: 'Answers requests for unknown domains too' }),
  client_max_body_size: z
    .string()
    .regex(/^[0-9]+[kKmMgG]?$/, 'must be a size such as 10m')
    .default('1m')
    .meta({ description: 'Largest request body' }),
  locations: z
    .record(z.string().regex(/^\/[A-Za-z0-9_./~-]*$/, 'must be a path that starts with /'), location)
    .default({})
    .meta({ description: 'What is served, by path prefix' }),
});

const seed = z.strictObject({
  source: path().meta({ description: 'File or folder below project/' }),
  target: path().meta({
    description: 'Where it is copied if nothing is there: below data/, or an absolute path in one of `volumes`',
  }),
  owner: account().default('{user}').meta({ description: 'Unix user that owns the copy' }),
  group: account().default('{group}').meta({ description: 'Unix group of the copy' }),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'must be an octal mode such as 0640')
    .default('0640')
    .meta({ description: 'Mode of its files; folders get the matching x bits' }),
});

const identifier = () =>
  z.string().regex(IDENTIFIER, 'must be lower-case letters, digits, - and _, starting with a letter');

/** A whole image. Unknown keys are errors everywhere. */
export const imageSchema = z.strictObject({
  name: z
    .string({ error: (issue) => (issue.input === undefined ? 'is required' : undefined) })
    .regex(NAME, 'must be 1 to 27 lower-case letters and digits, starting with a letter')
    .refine((value) => value !== 'project', 'must not be "project", which mc_project keeps for itself')
    .meta({ description: 'Name of the project and of its image', prompt: 'Name of the project', positional: true }),
  description: line()
    .default('A makina-states based image')
    .meta({ description: 'One line that says what the image is', prompt: 'What is it, in one line' }),
  base_image: z
    .string()
    .regex(IMAGE_REFERENCE, 'must be a Docker image reference')
    .default(`makina-image-base:${minorVersion}`)
    .meta({ description: 'Docker image it is built on: our base image or a makina-states one' }),
  demo: z.boolean().default(true).meta({
    description: 'Start with the small demo application: its program `web`, its vhost, its seed and its code in app/',
    prompt: 'Start with the small demo application',
  }),
  publish: z
    .int()
    .min(1)
    .max(65535)
    .default(8080)
    .meta({ description: 'Port of the host on which compose.yaml publishes port 80 of the container' }),
  packages: z
    .array(z.string().regex(DEBIAN_PACKAGE, 'must be a Debian package name'))
    .default([])
    .meta({ description: 'Debian packages installed in the image', salt: true }),
  volumes: z
    .array(z.string().regex(ABSOLUTE_PATH, 'must be an absolute path of letters, digits and _./@+- without ".."'))
    .default([])
    .meta({ description: 'Volumes beside the data folder, as absolute paths', salt: true }),
  programs: z
    .record(identifier(), program)
    .default({})
    .meta({ description: 'Processes that circus runs, by name', runtime: true }),
  vhosts: z
    .record(z.string().regex(HOSTNAME, 'must be a host name'), vhost)
    .default({})
    .meta({ description: 'Virtual hosts that nginx serves, by domain', runtime: true }),
  seeds: z.record(identifier(), seed).default({}).meta({
    description: 'Files and folders copied into a volume if and only if they are not there yet, by name',
    runtime: true,
  }),
  app: z
    .record(z.string().regex(DATA_KEY, 'must be letters, digits, _ and -, not starting with a digit'), z.json())
    .default({})
    .meta({
      description: "The application's own settings, free in form; your states and programs read them as data.app",
      runtime: true,
    }),
});

/** A complete, valid image: every default filled in. */
export type Image = z.infer<typeof imageSchema>;
export type Program = Image['programs'][string];
