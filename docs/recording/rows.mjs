/** What a terminal shows, as rows of runs. */

/**
 * @param terminal of @xterm/headless
 * @returns an array of rows; a row is an array of `{column, text, color, bold}`, without spaces at its end
 */
export function rowsOf(terminal, { cols, rows }) {
  const buffer = terminal.buffer.active;
  return Array.from({ length: rows }, (_, y) => runsOf(buffer.getLine(buffer.viewportY + y), cols));
}

function runsOf(line, cols) {
  const runs = [];
  for (let column = 0; column < cols; column += 1) {
    const cell = line?.getCell(column);
    const text = cell?.getChars() || ' ';
    const color = cell?.isFgPalette() ? cell.getFgColor() % 8 : undefined;
    const style = { color: cell?.isDim() ? 'dim' : color, bold: Boolean(cell?.isBold()) };
    const last = runs.at(-1);
    if (last && last.color === style.color && last.bold === style.bold) last.text += text;
    else runs.push({ column, text, ...style });
  }
  const end = runs.at(-1);
  if (end) end.text = end.text.trimEnd();
  return runs.filter(({ text }) => text.trim() !== '');
}
