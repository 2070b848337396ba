/**
 * Whether some lines of nginx configuration are whole directives, so that they cannot change what stands around them.
 * Words, quotes, escapes and comments are those of nginx's ngx_conf_read_token, whose only blanks are these four.
 */
export function isWholeSnippet(text: string): boolean {
  const words =
    /[ \t\r\n]+|#[^\n]*|(?:"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')(?=[ \t\r\n;{)]|$)|[;{}]|(?:\\[\s\S]|\$\{+|[^ \t\r\n;{\\"'#}])(?:\\[\s\S]|\$\{+|[^ \t\r\n;{\\])*/y;
  let depth = 0;
  let last = ';';
  while (words.lastIndex < text.length) {
    const [word] = words.exec(text) ?? [];
    if (word === undefined) return false;
    if (/^[ \t\r\n#]/.test(word)) continue;
    if (word === '{') depth += 1;
    if (word === '}') depth -= 1;
    // Nothing may be closed that was not opened here, and a block starts after a word and ends after whole directives.
    if (depth < 0 || (word === '}' && last !== ';' && last !== '}' && last !== '{')) return false;
    last = word;
  }
  return depth === 0 && (last === ';' || last === '}');
}

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
