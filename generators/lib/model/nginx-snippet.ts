/** A directive of nginx's: its name, its words without their quotes, and what is in its braces. */
export interface Directive {
  name: string;
  args: string[];
  block?: Directive[];
  /** The field of the model that it comes from. */
  field: string;
}

/** Whether some lines of nginx configuration are whole directives, so that they cannot change the lines around them. */
export function isWholeSnippet(text: string): boolean {
  return directivesOf(text, '') !== undefined;
}

/**
 * The directives of some lines of nginx configuration, undefined if they are not whole ones.
 * Words, quotes, escapes and comments are those of nginx's ngx_conf_read_token, whose only white space is these four.
 * @param field the field that the lines come from
 */
export function directivesOf(text: string, field: string): Directive[] | undefined {
  const words =
    /[ \t\r\n]+|#[^\n]*|(?:"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')(?=[ \t\r\n;{)]|$)|[;{}]|(?:\\[\s\S]|\$\{+|[^ \t\r\n;{\\"'#}])(?:\\[\s\S]|\$\{+|[^ \t\r\n;{\\])*/y;
  const open: Directive[][] = [[]];
  let current: string[] = [];
  while (words.lastIndex < text.length) {
    const [word] = words.exec(text) ?? [];
    if (word === undefined) return undefined;
    if (/^[ \t\r\n#]/.test(word)) continue;
    // Nothing may be closed that was not opened here; a block starts after a word and ends after whole directives.
    if (word === '}' && (current.length > 0 || open.length === 1)) return undefined;
    if (word === '}') open.pop();
    else if (word === ';' || word === '{') {
      const [name, ...args] = current;
      // nginx itself says what it makes of a block or an end without a word.
      const directive: Directive = { name: name ?? '', args, field };
      open.at(-1)?.push(directive);
      if (word === '{') {
        directive.block = [];
        open.push(directive.block);
      }
      current = [];
    } else current.push(unquoted(word));
  }
  return open.length === 1 && current.length === 0 ? open[0] : undefined;
}

const unquoted = (word: string) => (/^["']/.test(word) ? word.slice(1, -1) : word).replace(/\\(["'\\])/g, '$1');

/** A regular expression without what stands for itself: escaped letters and classes. */
export const withoutLiterals = (regex: string) =>
  regex.replace(/\\[\s\S]|\[(?:\^?\]|\^(?!\])|(?![\]^]))(?:\\[\s\S]|\[:[a-z^]+:\]|[^\]\\])*\]/g, '');

/** Whether the brackets of a regular expression are balanced: one that is not keeps nginx from starting. */
export function isBalancedRegex(text: string): boolean {
  const parts = /\\[\s\S]|\[(?:\^?\]|\^(?!\])|(?![\]^]))(?:\\[\s\S]|\[:[a-z^]+:\]|[^\]\\])*\]|[^\\[]/y;
  let depth = 0;
  while (parts.lastIndex < text.length) {
    const [part] = parts.exec(text) ?? [];
    if (part === undefined) return false;
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}
