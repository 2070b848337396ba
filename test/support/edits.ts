import fc from 'fast-check';

/** Three texts of one file: what was, and what two sides made of it. */
export interface Triple {
  base: string;
  ours: string;
  theirs: string;
}

const REPEATED = [
  ...['', '', '', '    - mode: 0644', '    - user: root', '    - require:', '      - file: app', '  file.managed:'],
  ...['RUN apt-get update', 'RUN set -e; \\', '    && \\', 'ENV A=b', 'COPY . /srv', '# ---', '}', '{% endif %}'],
];
const ODD = [
  '=======',
  '<<<<<<< HEAD',
  '>>>>>>> x',
  '||||||| base',
  '========',
  'é ü 漢字 👍',
  'a\u2028b\u0085c',
  '\ufeff',
  'a\rb',
];

const line = fc.nat({ max: 19_999 }).map((n) => {
  const word = n >> 5;
  if (n % 32 === 0) return ODD[word % ODD.length] as string;
  return n % 32 < 22 ? (REPEATED[word % REPEATED.length] as string) : `  line ${n}:`;
});
const lines = fc.array(line, { maxLength: 4 });

const edit = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'delete', 'replace', 'replace', 'cut', 'move'),
  at: fc.nat({ max: 999 }),
  length: fc.nat({ max: 3 }),
  to: fc.nat({ max: 999 }),
  lines,
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function edited(text: string[], edits: Edit[]): string[] {
  const result = [...text];
  for (const { kind, at, length, to, lines } of edits) {
    const start = at % (result.length + 1);
    if (kind === 'insert') result.splice(start, 0, ...lines);
    if (kind === 'delete') result.splice(start, 1);
    if (kind === 'replace') result.splice(start, length, ...lines);
    if (kind === 'cut') result.splice(start, 3 * length);
    if (kind === 'move') {
      const block = result.splice(start, length + 1);
      result.splice(to % (result.length + 1), 0, ...block);
    }
  }
  return result;
}

type Eol = 'lf' | 'crlf' | 'mixed';

function written(lines: string[], eol: Eol, ended: boolean): string {
  const isCrlf = (line: string) => eol === 'crlf' || (eol === 'mixed' && line.length % 2 === 0);
  const text = lines.map((line) => line + (isCrlf(line) ? '\r\n' : '\n')).join('');
  // Mixed on all sides, whatever the lines are.
  return (eol === 'mixed' ? '\r\n' : '') + (ended ? text : text.replace(/\r?\n$/, ''));
}

const mostly = fc.nat({ max: 9 }).map((n) => n > 0);
const edits = fc.array(edit, { maxLength: 4 });

/** Texts as of Dockerfiles and states, changed by edit scripts of which one is the same on both sides. */
export const triples: fc.Arbitrary<Triple> = fc
  .record({
    lines: fc.array(line, { maxLength: 40, size: 'max' }),
    both: fc.array(edit, { maxLength: 2 }),
    ours: edits,
    theirs: edits,
    ended: fc.tuple(mostly, mostly, mostly),
    eol: fc.constantFrom<Eol>('lf', 'lf', 'lf', 'crlf', 'mixed'),
  })
  .map(({ lines, both, ours, theirs, ended, eol }) => {
    const changed = edited(lines, both);
    return {
      base: written(lines, eol, ended[0]),
      ours: written(edited(changed, ours), eol, ended[1]),
      theirs: written(edited(changed, theirs), eol, ended[2]),
    };
  });
