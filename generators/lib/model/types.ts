/** How a field is declared, and the types of text that several fields share. */

import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

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
export function required<T extends z.ZodMiniType>(type: T, description: string, more: More = {}): T {
  return described(type.clone(), description, more);
}

function described<T extends z.ZodMiniType>(type: T, description: string, more: More): T {
  z.globalRegistry.add(type, { description, ...more });
  return type;
}

/** A field with a default. */
export function field<T extends z.ZodMiniType>(
  type: T,
  fallback: z.util.NoUndefined<z.output<T>>,
  description: string,
  more: More = {},
) {
  return described(z._default(type, fallback), description, more);
}

/** An optional field. */
export function optional<T extends z.ZodMiniType>(type: T, description: string, more: More = {}) {
  return described(z.optional(type), description, more);
}

const string = z.string();
/**
 * What the entries of a kind have if they say nothing else: the fields of an entry that are not required, none with a default.
 * @param apart fields that name a place, which no two entries can share
 */
export function defaultsFor(entry: z.ZodMiniObject, apart: readonly string[] = []) {
  const shape = Object.entries(entry.shape as Record<string, z.ZodMiniType>).flatMap(([key, type]) => {
    const { def } = type as { def: { type: string; innerType?: z.ZodMiniType } };
    if (def.innerType === undefined || apart.includes(key)) return [];
    const meta = z.globalRegistry.get(type) as unknown as FieldMeta;
    return [[key, described(z.optional(def.innerType), meta.description, {})]];
  });
  return z.strictObject(Object.fromEntries(shape) as Record<string, z.ZodMiniType>);
}

export const matching = (pattern: RegExp, message: string) => string.check(z.regex(pattern, message));
export const integer = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.int(message).check(z.minimum(min, message), z.maximum(max, message));
};

export const text = matching(/^[^\0]*$/, 'must not contain a NUL character');
export const line = matching(
  /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/,
  'must be one line without control characters',
);
export const identifier = matching(
  /^[a-z][a-z0-9_-]{0,63}$/,
  'must be 1 to 64 lower-case letters, digits, - and _, starting with a letter',
);
export const fileName = matching(
  /^(?=.{1,64}$)[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/,
  'must be 1 to 64 lower-case letters, digits, - and _, starting with a letter, with single dots inside',
);
/** The name of a host, within a pattern that ends after it. */
export const HOSTNAME =
  '(?=.{1,250}$)(\\*\\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*';
export const hostname = matching(new RegExp(`^${HOSTNAME}$`), 'must be a host name');
export const port = integer(1, 65535);
/** The same within a text. */
export const PORT = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
/** The keys of mc_project's configuration that a path may name, and those that an account may. */
export const PATH_KEYS: readonly string[] = ['name', 'user', 'group', 'project_root', 'data_root'].concat([
  'project_dir',
  'salt_root',
  'pillar_root',
  'projects_dir',
]);
const ACCOUNT_KEYS: readonly string[] = ['user', 'group', 'name'];
const KEYED = new Map<RegExp, readonly string[]>();

/** A text that may name these keys, as {key}. */
export const withKeys = (keys: readonly string[], pattern: RegExp, message: string) => {
  KEYED.set(pattern, keys);
  return matching(pattern, message);
};

/** Which keys a text of this type may name; undefined where braces are nothing but text. */
export function keysIn(type: z.core.$ZodType): readonly string[] | undefined {
  const { checks = [] } = type._zod.def as z.core.$ZodStringDef;
  const patterns = checks.map(({ _zod }) => (_zod.def as { pattern?: RegExp }).pattern);
  const found = patterns.find((pattern) => pattern && KEYED.has(pattern));
  return found && KEYED.get(found);
}

// `{key}` is mc_project's interpolation, so braces are welcome wherever a value is data of the Salt project.
export const path = withKeys(
  PATH_KEYS,
  /^(?!.*(^|\/)\.\.(\/|$))[A-Za-z0-9_./{}@+-]+$/,
  'must be a path of letters, digits and _./{}@+- without ".."',
);
/** What an absolute path begins with, as a look ahead in a pattern: `/`, or a whole {key} that is such a path. */
export const ROOT = '(?=/|\\{(?!(name|user|group)\\})[a-z][a-z0-9_]*\\})';
export const absolutePath = withKeys(
  PATH_KEYS,
  new RegExp(`^${ROOT}(?!.*(^|/)\\.\\.(/|$))[A-Za-z0-9_./{}@+-]*$`),
  'must be an absolute path, or start with a {key} such as {project_root}, of letters, digits and _./{}@+- without ".."',
);
export const volume = matching(
  /^\/(?!.*(^|\/)\.\.?(\/|$))(?!.*\/\/)[A-Za-z0-9_./@+-]+$/,
  'must be an absolute path of letters, digits and _./@+- without "." and ".."',
);
export const account = withKeys(
  ACCOUNT_KEYS,
  /^([a-z_][a-z0-9_-]{0,31}|\{[a-z][a-z0-9_]*\})$/,
  'must be the name of a Unix account or a {key}',
);

export const accountName = matching(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be the name of a Unix account');
export const variableName = matching(
  /^[a-z][a-z0-9_]{0,63}$/,
  'must be 1 to 64 lower-case letters, digits and _, starting with a letter',
);
export const environmentName = matching(/^[A-Za-z_][A-Za-z0-9_]{0,159}$/, 'must be an environment variable name');

/** What interpreters, the loader and libc obey never reaches Salt (launcher/environment.py has the same names). */
const OBEYED = [
  'PATH|HOME|SHELL|IFS|ENV|BASH_ENV|CDPATH|TMPDIR|LANG|LANGUAGE|LC_.*|TZ|TZDIR|LD_.*|MALLOC_.*',
  'PYTHON.*|PERL5?(LIB|OPT|DB)|RUBY(LIB|OPT)|NODE_(OPTIONS|PATH)',
  'GCONV_PATH|GETCONF_DIR|GLIBC_TUNABLES|HOSTALIASES|LOCALDOMAIN|LOCPATH|NIS_PATH|NLSPATH|RESOLV_HOST_CONF|RES_OPTIONS',
  'OPENSSL_.*|SSL_CERT_(FILE|DIR)|SSLKEYLOGFILE|SALT_.*|CIRCUSCTL_.*|NOTIFY_SOCKET|MAKINA_.*|MC_LAUNCHER_.*|container',
];
/** A variable that the Salt project reads; images use names that are no shell's, too. */
export const watchedName = matching(
  new RegExp(`^(?!(${OBEYED.join('|')})$)[A-Za-z_][A-Za-z0-9_.-]{0,159}$`),
  'must be the name of an environment variable, and none that Salt or other programs of root obey, such as PATH or PYTHONPATH',
);

export const size = matching(/^[0-9]{1,9}[kKmMgG]?$/, 'must be a size such as 10m');
export const duration = matching(/^[0-9]{1,9}(ms|[smhdw])?$/, 'must be a time such as 60s, 5m or 500ms');
const ADDRESSES = [z.regexes.ipv4, z.regexes.cidrv4, z.regexes.ipv6, z.regexes.cidrv6];
/** An address, within a pattern. */
export const ADDRESS = [z.regexes.ipv4, z.regexes.ipv6].map(({ source }) => source.slice(1, -1)).join('|');
/** An address or a network, within a pattern. */
export const NETWORK = ADDRESSES.map(({ source }) => source.slice(1, -1)).join('|');
export const address = matching(
  new RegExp(`^(all|unix:|${NETWORK})$`),
  'must be an address, a network such as 10.0.0.0/8, or all',
);
/** One address of a machine. */
export const ipAddress = matching(new RegExp(`^(${ADDRESS})$`), 'must be an address');
export const network = matching(new RegExp(`^(${NETWORK})$`), 'must be an address, or a network such as 10.0.0.0/8');
/** Signals at which programs read their files anew. */
export const reloadSignal = z.enum(['HUP', 'USR1', 'USR2', 'WINCH', 'INT', 'QUIT', 'TERM']);
export const octalMode = matching(/^[0-7]{3,4}$/, 'must be an octal mode such as 0640');
/** Of a file that is read. */
export const fileMode = matching(
  /^0?[0-7]{3}$/,
  'must be an octal mode such as 0640, without setuid, setgid or sticky bit',
);
