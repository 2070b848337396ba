/** One function per target language: any text in, a literal out that the language reads back as exactly that text. */

/** JSON with only ASCII in it. */
export function json(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A double-quoted YAML scalar, ASCII only: JSON's, but YAML does not join surrogate pairs, so those become `\U`. */
export function yaml(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u{10ffff}]/gu, (char) => {
    const code = char.codePointAt(0) as number;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** A YAML scalar in a file that Jinja reads first (sls, PILLAR.sample): nothing in it opens a Jinja tag. */
export function sls(text: string): string {
  return yaml(text).replace(/\{(?=[{%#])/g, '\\x7b');
}

/** A Python string literal; YAML's double-quoted escapes are a subset of Python's. */
export const python = yaml;

/** A word for a POSIX shell. */
export function shell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The same for a person to read and paste: a word that needs no quotes stays without. */
export function plainWord(text: string): string {
  return /^[\w./+-]+$/.test(text) ? text : shell(text);
}

/** A double-quoted value of LABEL or ENV; a Dockerfile has no escape for a line break. */
export function dockerfile(text: string): string {
  if (/[\r\n]/.test(text)) throw new Error('a line break cannot be written in a Dockerfile value');
  return `"${text.replace(/[\\"$]/g, '\\$&')}"`;
}

/** Plain text in Markdown, at the start of a line too. */
export function markdown(text: string): string {
  const inline = text.trim().replace(/[\\`*_{}[\]<>#|&~]/g, '\\$&');
  return inline.replace(/^[-+=]/, '\\$&').replace(/^(\d+)([.)])/, '$1\\$2');
}
