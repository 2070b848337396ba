/** What is put into an image beside the project's own code. */

import * as z from 'zod/mini';
import {
  absolutePath,
  account,
  accountName,
  field,
  fileMode,
  integer,
  matching,
  octalMode,
  optional,
  PATH_KEYS,
  path,
  ROOT,
  reloadSignal,
  required,
  volume,
  withKeys,
} from './types.ts';

const url = withKeys(
  PATH_KEYS,
  new RegExp(`^((https?|ftp)://|file://${ROOT})[!-~]{1,2000}$`),
  'must be an http, https, ftp or file URL',
);
const root = (what: string) => field(account, 'root', what);

const readerName = matching(/^[a-z][a-z0-9_-]{0,63}$/, 'must be the name of a program, or nginx');

export const aptRepositorySchema = z.strictObject({
  uri: required(
    matching(/^(https?|file):\/[!-~]{1,2000}$/, 'must be an http, https or file URL'),
    'Where the repository is',
  ),
  suites: required(
    z.array(matching(/^[A-Za-z0-9_./~+-]+$/, 'must be the name of a suite')),
    'Its suites, such as trixie; a path that ends with / for a flat repository',
  ),
  components: field(z.array(matching(/^[A-Za-z0-9_.-]+$/, 'must be the name of a component')), [], 'Its components'),
  key: optional(
    matching(
      /^\s*-----BEGIN PGP PUBLIC KEY BLOCK-----[A-Za-z0-9+/=\s:.,()<>@-]+$/,
      'must be an ASCII-armored public key',
    ),
    'The key that signs it, ASCII-armored',
  ),
  key_file: optional(path, 'File below project/ that holds the key, armored (.asc) or not (.gpg)'),
});

export const virtualenvSchema = z.strictObject({
  requirements: optional(path, 'Requirements file below project/; pip checks the hashes in it'),
  packages: field(
    z.array(matching(/^[A-Za-z0-9][!-~ ]{0,300}$/, 'must be a requirement such as gunicorn==23.0.0')),
    [],
    'Python packages, as pip takes them',
  ),
  path: optional(absolutePath, 'Its folder; {project_dir}/venvs/NAME if not given'),
  python: field(matching(/^[A-Za-z0-9_./-]+$/, 'must be a Python of the image'), 'python3', 'Python it is made with'),
  system_site_packages: field(z.boolean(), false, 'Sees the Python packages of Debian too'),
});

export const downloadSchema = z.strictObject({
  url: required(
    url,
    'What is fetched while the image is built; `file://{project_root}/…` for what the project brings along',
  ),
  sha256: required(matching(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'), 'Its SHA-256'),
  target: required(absolutePath, 'Where the file goes; the folder that an archive is unpacked in'),
  unpack: optional(
    z.enum(['tar', 'zip', 'gz', 'xz', 'bz2']),
    'tar (compressed or not) and zip are unpacked into the folder; gz, xz and bz2 are single compressed files',
  ),
  strip_components: field(integer(0, 20), 0, 'How many leading folders of a tar are left out'),
  user: root('Unix user that owns it'),
  group: root('Unix group of it'),
  mode: field(octalMode, '0755', 'Mode of a single file'),
});

export const directorySchema = z.strictObject({
  user: root('Unix user that owns it'),
  group: root('Unix group of it'),
  mode: field(octalMode, '0755', 'Mode'),
});

export const symlinkSchema = z.strictObject({
  target: required(
    withKeys(PATH_KEYS, /^[A-Za-z0-9_./{}@+-]{1,2000}$/, 'must be a path of letters, digits and _./{}@+-'),
    'Where it leads: absolute, or relative to its folder',
  ),
});

/** Below 100 are the numbers that Debian gives itself. */
const accountNumber = integer(100, 2147483647);

export const groupSchema = z.strictObject({
  gid: required(accountNumber, 'Its number, which the files in the volumes keep'),
});

export const userSchema = z.strictObject({
  uid: required(accountNumber, 'Its number, which the files in the volumes keep'),
  group: required(account, 'Its main group: one of `groups`, {group}, or one of Debian'),
  groups: field(z.array(accountName), [], 'Groups that it is in too'),
  home: field(absolutePath, '/nonexistent', 'Its home folder'),
  shell: field(volume, '/usr/sbin/nologin', 'Its login shell'),
  createhome: field(z.boolean(), false, 'Its home is made in the image, with mode 0750'),
});

export const configSchema = z.strictObject({
  source: required(path, 'Template below project/; Jinja, with cfg, data and the keys of context'),
  target: optional(
    absolutePath,
    'Where the file goes, also in a volume; /etc/makina-projects/{name}/NAME if not given',
  ),
  user: root('Unix user that owns it; in a volume not root'),
  group: field(account, '{group}', 'Unix group of it'),
  mode: field(fileMode, '0440', 'Mode'),
  replace: field(z.boolean(), true, 'A file that is there already is replaced; otherwise it is written only if absent'),
  template: field(z.boolean(), true, 'Rendered with Jinja; copied as it is if false'),
  context: field(
    z.record(matching(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'must be a Jinja name'), z.json()),
    {},
    'Values for the template, by name',
  ),
  restarts: optional(
    z.array(readerName),
    'What is restarted when the file changes, or gets its `reload_signal`: programs, or nginx, which reads it anew without a stop. Found by itself if not given',
  ),
  signal: optional(reloadSignal, 'Signal that they are sent instead of a restart'),
});

/** The sls of a user's own: between the steps of the project, by its number. */
export const stepName = matching(
  /^(?!(100_dirs_and_prerequisites|200_reconfigure|300_nginx|400_circus)$)[0-9]{3}_[a-z0-9_]{1,60}$/,
  'must be the name of an sls of yours such as 250_search, without .sls',
);
export const label = matching(/^[a-z0-9][a-z0-9._/-]{0,127}$/, 'must be the key of a label');
