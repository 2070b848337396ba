/** A recording as an animated SVG: a strip of frames that is moved past a window. */

const [CELL, LINE, FONT, EDGE] = [7.8, 18, 13, 14];
const COLORS = { 1: '#f38b8b', 2: '#8fd18a', 3: '#e3c06c', 4: '#82aaff', 5: '#c6a0f6', 6: '#7fd1d8', dim: '#9aa4b2' };

/**
 * @param frames `{until, rows}` in order, `until` in seconds from the start
 * @param size columns and rows of the terminal
 * @param last seconds for which the last frame is shown
 * @returns the text of the SVG; who wants less motion sees the last frame alone
 */
export function drawing(frames, { cols, rows }, last) {
  const [width, height] = [Math.ceil(cols * CELL + 2 * EDGE), rows * LINE + 2 * EDGE];
  const seconds = frames.at(-1).until + last;
  const known = new Map();
  const strip = frames.map(({ rows: shown }, index) => {
    const uses = shown.flatMap((row, y) =>
      row.length > 0 ? [`<use href="#${idOf(row, known)}" y="${y * LINE}"/>`] : [],
    );
    return `<g transform="translate(${index * width})">${uses.join('')}</g>`;
  });
  const starts = [0, ...frames.slice(0, -1).map(({ until }) => until)];
  const steps = starts.map(
    (start, index) => `${((start / seconds) * 100).toFixed(2)}%{transform:translateX(${-index * width}px)}`,
  );
  const end = `translateX(${-(frames.length - 1) * width}px)`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A recording of a terminal">
<style>
text{font:${FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e6e9ef;white-space:pre}
.b{font-weight:bold}
${Object.entries(COLORS)
  .map(([name, color]) => `.c${name}{fill:${color}}`)
  .join('\n')}
.strip{animation:play ${seconds.toFixed(2)}s step-end infinite}
@keyframes play{${steps.join('')}100%{transform:${end}}}
@media (prefers-reduced-motion:reduce){.strip{animation:none;transform:${end}}}
</style>
<rect width="${width}" height="${height}" rx="8" fill="#1d2230"/>
<defs>${[...known.values()].map(({ markup }) => markup).join('\n')}</defs>
<svg x="${EDGE}" y="${EDGE}" width="${width - 2 * EDGE}" height="${height - 2 * EDGE}"><g class="strip">
${strip.join('\n')}
</g></svg>
</svg>
`;
}

/** The id of a row, which is drawn once however often it is shown. */
function idOf(row, known) {
  const key = JSON.stringify(row);
  const id = known.get(key)?.id ?? `r${known.size}`;
  if (!known.has(key)) known.set(key, { id, markup: `<g id="${id}">${row.map(run).join('')}</g>` });
  return id;
}

function run({ column, text, color, bold }) {
  const classes = [...(color === undefined ? [] : [`c${color}`]), ...(bold ? ['b'] : [])].join(' ');
  const length = (text.length * CELL).toFixed(1);
  const style = classes && ` class="${classes}"`;
  return `<text x="${(column * CELL).toFixed(1)}" y="${FONT}" textLength="${length}"${style}>${escaped(text)}</text>`;
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
