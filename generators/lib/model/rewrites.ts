/** Replacements of `rewrite` that a client cannot lead out of their folder. The launcher's settings/rewrites.py says the same. */

/** nginx takes the path of a request apart before it rewrites it, and never after: a `..` that comes in then stays. */
export const CLIMBS =
  'may put `..` into the path: let each group be a whole part of the path, between slashes, or without dots, and take no variable of what the client sends';

/** Variables that are what a client sent, as it sent it. */
const SENT =
  /\$\{?((arg|http|cookie|sent_http|upstream_http|upstream_cookie)_|(args|query_string|request|request_uri|request_body|remote_user)(?![a-z_]))/;
const GROUP = /\$\{?([1-9]|[A-Za-z_]\w*)\}?/g;
/** A group that matches no dot. */
const WITHOUT_DOTS = /^(\[[A-Za-z0-9_-]+\]|\\[dw]|[A-Za-z0-9_/-]|[+*?|]|\{[0-9,]+\})+$/;
const NAMED = /^\?P?[<']([A-Za-z_]\w*)[>']/;

interface Group {
  content: string;
  before: string;
  after: string;
}

/** Whether a line of `rewrite` sends the client on, or keeps what it makes of the path below the folder it names. */
export function staysBelow(line: string): boolean {
  const [regex = '', replacement = '', flag] = line.split(' ');
  if (flag === 'redirect' || flag === 'permanent' || /^(https?:\/\/|\$scheme)/.test(replacement)) return true;
  const target = replacement.replace(/\?.*$/, '');
  if (SENT.test(target)) return false;
  const groups = groupsOf(regex);
  return [...target.matchAll(GROUP)].every((found) => {
    const group = groups.get(found[1] as string);
    const left = target.slice(0, found.index);
    return (
      !group || WITHOUT_DOTS.test(group.content) || isWhole(group, left, target.slice(left.length + found[0].length))
    );
  });
}

/** Whether what a group matched begins and ends as a part of the path does, or is beside a letter. */
function isWhole({ content, before, after }: Group, left: string, right: string): boolean {
  const begins = before === '^' || content.startsWith('/') || (before === '/' && left.endsWith('/'));
  const isLast = /^\??(\$|\/)/.test(after) || (after === '' && /\.[*+]$/.test(content));
  const ends = isLast && /^(\/|$)/.test(right);
  return (begins || /[A-Za-z0-9_-]$/.test(left)) && (ends || /^\.?[A-Za-z0-9_-]/.test(right));
}

/** The groups of a regular expression, by number and by name, each with the character before it and what follows. */
function groupsOf(regex: string): Map<string, Group> {
  const groups = new Map<string, Group>();
  const open: { start: number; names: string[]; from: number }[] = [];
  let count = 0;
  let inClass = false;
  for (let at = 0; at < regex.length; at += 1) {
    const one = regex[at];
    if (one === '\\') at += 1;
    else if (inClass) inClass = one !== ']';
    else if (one === '[') inClass = true;
    else if (one === '(') {
      const name = NAMED.exec(regex.slice(at + 1));
      const captures = name !== null || regex[at + 1] !== '?';
      if (captures) count += 1;
      const names = captures ? [String(count), ...(name ? [name[1] as string] : [])] : [];
      open.push({ start: at, names, from: at + 1 + (name?.[0].length ?? 0) });
    } else if (one === ')') {
      const { start, names, from } = open.pop() ?? { start: 0, names: [], from: 0 };
      const group = { content: regex.slice(from, at), before: regex[start - 1] ?? '', after: regex.slice(at + 1) };
      for (const name of names) groups.set(name, group);
    }
  }
  return groups;
}
