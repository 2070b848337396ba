/**
 * Breaks a text at its spaces so that no line is longer than `width`, if its words allow that; line breaks in it stay.
 * @param indent how many spaces come before every line but the first
 */
export function wrap(text: string, width: number, indent = 0): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, width - indent))
    .join('\n')
    .replaceAll('\n', `\n${' '.repeat(indent)}`);
}

function wrapLine(line: string, width: number): string {
  const lines: string[] = [];
  for (const word of line.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

const MAX_HEAD = 28;

/** Two columns: a head and what it is, which hangs at its own side. */
export function table(rows: readonly (readonly [string, string])[], width: number): string {
  const column = Math.min(MAX_HEAD, Math.floor(width * 0.35), Math.max(...rows.map(([head]) => head.length)));
  const indent = column + 4;
  return rows
    .map(([head, text]) => {
      const first = head.length > column ? `  ${head}\n${' '.repeat(indent)}` : `  ${head.padEnd(column)}  `;
      return first + wrap(text, width, indent);
    })
    .join('\n');
}
