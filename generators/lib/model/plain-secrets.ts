/** What looks like a secret in settings that git and the image keep: by its form, or by its name. Its text is never shown. */

import { isDict } from './dict.ts';
import type { Problem } from './problem.ts';

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/;
/** The end of a name, such as DB_PASSWORD, apiKey or secret_key_base. */
const NAMES =
  /(passw(or)?d|passphrase|secret|token|credentials?|(^|[_-])(pass|pwd)|(api|secret|access|private|signing|encryption)[_-]?key|secret[_-]?key[_-]?base)$/i;
const NUMBERS = /(passw(or)?d|passphrase|(^|[_-])(pass|pwd))$/i;
/** The password in a URL. */
const IN_URL = /[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@/i;
/** Says where a secret is, and not what: a {key}, a template, a variable, a path, the name of a keeper, an address. */
const REFERENCE =
  /\{[a-z][a-z0-9_]*\}|\{\{|\{%|\$[A-Za-z_{(]|^(\/|\.{1,2}\/|~)|^(secret|file|env|vault|op|ssm|arn|sops|enc|kms|gcp|aws|azure)[:[]|^[a-z][a-z0-9+.-]*:\/\//i;
const HASH = /^\$[a-z0-9-]+\$|^\{(?!PLAIN)[A-Z0-9-]+\}|^(pbkdf2|bcrypt|argon2|scrypt|md5|sha1)[a-z0-9_]*\$/;
const SAMPLE =
  /example|change[-_ ]?(me|this|it)|replace[-_ ]?(me|this|it)|placeholder|^(your|my|the|a|some|insert)[-_ ]|^(secret|password|passwd|token|test|dummy|demo|sample|todo|fixme|key|value|x{3,}|\*+|\.+|<.*>|\[.*\])$/i;
/** Words that are settings, though the name is that of a secret. */
const WORD = /^(yes|no|on|off|true|false|none|null|required|optional|bearer|basic|jwt|auto|default)$/i;

/** What to do instead. */
export const ELSEWHERE = 'give it in the override, draw it with `secrets`, or let env_from read it from a file:';

/** The same for a service. */
const BESIDE =
  'name it in `secrets` of the service, and its file /run/secrets/NAME in a variable such as X_PASSWORD_FILE';

/** Everything in settings that looks like a secret. */
export function plainSecrets(settings: unknown): Problem[] {
  const found: Problem[] = [];
  const visit = (value: unknown, path: string[]) => {
    if (isDict(value)) {
      // An env_from says where a secret is.
      for (const [key, item] of Object.entries(value)) if (key !== 'env_from') visit(item, [...path, key]);
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, [...path, String(index)]);
    } else {
      const what = kindOf(value, path);
      if (!what) return;
      const problem =
        path[0] === 'services'
          ? { message: `${what}, and git keeps it`, fix: BESIDE }
          : { message: `${what}, and git and the image keep it`, fix: ELSEWHERE };
      found.push({ path, ...problem });
    }
  };
  visit(settings, []);
  return found;
}

/** The same of a text that is a template, by its lines: what they come to, only Salt can say. */
export function plainSecretsOfLines(text: string): Problem[] {
  const lines = [...text.matchAll(/^[\s-]*(["']?)([A-Za-z0-9_-]+)\1:[ \t]+(["']?)([^\s"'#][^"'#\n]*?)\3[ \t]*$/gm)];
  const found = lines.flatMap(([, , name = '', , value]) => plainSecrets({ [name]: value }));
  return PRIVATE_KEY.test(text) ? [...found, ...plainSecrets({ text })] : found;
}

function kindOf(value: unknown, path: string[]): string | undefined {
  const name = path.at(-1) ?? '';
  if (typeof value === 'number') return NUMBERS.test(name) ? 'looks like a password' : undefined;
  if (typeof value !== 'string') return undefined;
  if (PRIVATE_KEY.test(value)) return 'is a private key';
  const [, inUrl] = IN_URL.exec(value) ?? [];
  if (inUrl !== undefined && isLiteral(inUrl)) return 'has a password in a URL';
  if (value.startsWith('{PLAIN}') && path.includes('auth_basic_users')) return 'is a password that is not hashed';
  const isGiven = path.at(-3) === 'secrets' && name === 'value';
  return (NAMES.test(name) || isGiven) && isLiteral(value) ? 'looks like a secret' : undefined;
}

/** Whether a text is a secret itself, if it is one at all. */
function isLiteral(text: string): boolean {
  return text !== '' && ![REFERENCE, HASH, SAMPLE, WORD].some((pattern) => pattern.test(text));
}
