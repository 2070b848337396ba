import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conflictMarkers, type Labels, type Merged, merge3 } from '../../generators/lib/text/merge3.ts';
import { isBinary, splitLines } from '../../generators/lib/text/split-lines.ts';
import { type Triple, triples } from '../support/edits.ts';

/** How many triples git merges too; every property takes twice as many. */
const CASES = Number(process.env.MERGE_CASES ?? 1500);
const SEED = process.env.SEED ? { seed: Number(process.env.SEED) } : {};

type Merge = typeof merge3;
const LABELS: Labels = { ours: 'yours', base: 'makina 1', theirs: 'makina 2' };
const mergeOf =
  (merge: Merge) =>
  (base: string, ours: string, theirs: string): Merged =>
    merge(Buffer.from(base), Buffer.from(ours), Buffer.from(theirs), LABELS);
const merged = mergeOf(merge3);
const textOf = (result: Merged) => (result.kind === 'whole' ? `whole: ${result.reason}` : result.bytes.toString());
const cleanText = (result: Merged) => (result.kind === 'clean' ? textOf(result) : `${result.kind}: ${textOf(result)}`);
const crlf = (text: string) => text.replaceAll('\n', '\r\n');
/** Lines as people see them: a final newline more is no other line. */
const bare = (lines: readonly string[]) => lines.map((line) => line.replace(/\r?\n$/, ''));
const linesOf = (text: string) => bare(splitLines(text));
const markerLike = (text: string) => linesOf(text).filter((line) => /^([<|=>])\1{6}/.test(line));

/** What is between the markers, read back from the text. */
function sections(text: string) {
  const size = /^(<+) yours\r?$/m.exec(text)?.[1]?.length ?? 7;
  const found: Record<keyof Labels, string[]>[] = [];
  let side: keyof Labels | undefined;
  for (const line of linesOf(text)) {
    const sign = line.startsWith(line[0]?.repeat(size) ?? ' ') && (line[size] ?? ' ') === ' ' ? line[0] : '';
    if (sign === '<') found.push({ ours: [], base: [], theirs: [] });
    if (sign && '<|=>'.includes(sign)) side = ({ '<': 'ours', '|': 'base', '=': 'theirs' } as const)[sign as '<'];
    else if (side) found.at(-1)?.[side].push(line);
  }
  return found;
}

/** Lines without a byte order mark: at the start of a file that is no line's. */
const unmarked = (text: string) => linesOf(text).map((line) => line.replace(/^\ufeff/, ''));

const only = (side: string, ...others: string[]) => {
  const known = new Set(others.flatMap(unmarked));
  return unmarked(side).filter((line) => !known.has(line));
};

/** What holds of every merge. `merge` takes and gives text; a broken one must fail at least one of them. */
const properties: Record<string, (merge: ReturnType<typeof mergeOf>, triple: Triple) => void> = {
  'P1 no line that one side added is lost': (merge, { base, ours, theirs }) => {
    const there = new Set(unmarked(textOf(merge(base, ours, theirs))));
    const added = [...only(ours, base, theirs), ...only(theirs, base, ours)];
    expect(added.filter((line) => !there.has(line))).toEqual([]);
  },
  'P2 what we did not touch becomes theirs': (merge, { base, theirs }) => {
    expect(cleanText(merge(base, base, theirs))).toBe(theirs);
  },
  'P3 what they did not touch stays ours': (merge, { base, ours }) => {
    expect(cleanText(merge(base, ours, base))).toBe(ours);
  },
  'P3b what both made the same is no conflict': (merge, { base, ours }) => {
    expect(cleanText(merge(base, ours, ours))).toBe(ours);
  },
  'P4 merging again changes nothing': (merge, { base, ours, theirs }) => {
    const text = textOf(merge(base, ours, theirs));
    expect(textOf(merge(theirs, text, theirs))).toBe(text);
  },
  'P5 sides may be swapped': (merge, { base, ours, theirs }) => {
    const [one, other] = [merge(base, ours, theirs), merge(base, theirs, ours)];
    expect(other.kind).toBe(one.kind);
    if (one.kind === 'clean') expect(textOf(other)).toBe(textOf(one));
  },
  'P6 what is clean has no new markers': (merge, { base, ours, theirs }) => {
    const result = merge(base, ours, theirs);
    if (result.kind !== 'clean') return;
    const known = new Set([base, ours, theirs].flatMap(markerLike));
    expect(markerLike(textOf(result)).filter((line) => !known.has(line))).toEqual([]);
  },
  'P9 a conflict names the lines of each side, and its markers can be told': (merge, { base, ours, theirs }) => {
    const result = merge(base, ours, theirs);
    if (result.kind !== 'conflict') return;
    const { hunks } = result;
    expect(sections(textOf(result))).toEqual(
      hunks.map((hunk) => ({ ours: bare(hunk.ours), base: bare(hunk.base), theirs: bare(hunk.theirs) })),
    );
    for (const hunk of hunks) {
      expect(splitLines(ours).slice(hunk.line - 1, hunk.line - 1 + hunk.ours.length)).toEqual(hunk.ours);
      expect(`\n${base}`).toContain(`\n${hunk.base.join('')}`);
      expect(`\n${theirs}`).toContain(`\n${hunk.theirs.join('')}`);
    }
    expect(conflictMarkers(result.bytes).length).toBeGreaterThanOrEqual(hunks.length);
  },
  'P10 CRLF of ours alone is kept and is no change': (merge, { base, ours, theirs }) => {
    if (`${base}${ours}${theirs}`.includes('\r\n') || !ours.includes('\n')) return;
    const [plain, result] = [merge(base, ours, theirs), merge(base, crlf(ours), theirs)];
    expect(result.kind).toBe(plain.kind);
    expect(textOf(result)).toBe(crlf(textOf(plain)));
  },
};

const propertyOf = (name: string, merge: Merge) =>
  fc.property(triples, (triple) => properties[name]?.(mergeOf(merge), triple));

describe('merging', () => {
  test.each(Object.keys(properties))('%s', (name) => {
    fc.assert(propertyOf(name, merge3), { numRuns: 2 * CASES, ...SEED });
  });
});

const clean = (bytes: Buffer): Merged => ({ kind: 'clean', bytes });
const mutants: Record<string, Merge> = {
  'swaps the sides': (base, ours, theirs, labels) => merge3(base, theirs, ours, labels),
  'forgets the base': (_, ours, theirs, labels) => merge3(Buffer.alloc(0), ours, theirs, labels),
  'ends every file with a newline': (...sides) => {
    const [base, ours, theirs] = sides.slice(0, 3).map((side) => Buffer.from(`${side}`.replace(/\n?$/, '\n')));
    return merge3(base as Buffer, ours as Buffer, theirs as Buffer, sides[3]);
  },
  'takes theirs': (_base, _ours, theirs) => clean(theirs),
  'takes ours in a conflict': (base, ours, theirs, labels) => {
    const result = merge3(base, ours, theirs, labels);
    return result.kind === 'conflict' ? clean(ours) : result;
  },
  'takes both in a conflict': (base, ours, theirs, labels) => {
    const result = merge3(base, ours, theirs, labels);
    return result.kind === 'conflict' ? clean(Buffer.concat([ours, theirs])) : result;
  },
  'writes markers of 7 always': (base, ours, theirs, labels) => {
    const result = merge3(base, ours, theirs, labels);
    if (result.kind !== 'conflict') return result;
    const text = result.bytes.toString().replace(/^([<|=>])\1{7,}(?=$| (yours|makina))/gm, (run) => run.slice(0, 7));
    return { ...result, bytes: Buffer.from(text) };
  },
  'ends lines at U+2028 too': (base, ours, theirs, labels) => {
    const [b, o, t] = [base, ours, theirs].map((side) => Buffer.from(side.toString().replaceAll('\u2028', '\n')));
    return merge3(b as Buffer, o as Buffer, t as Buffer, labels);
  },
  'writes LF always': (base, ours, theirs, labels) => {
    const result = merge3(base, ours, theirs, labels);
    return result.kind === 'whole'
      ? result
      : { ...result, bytes: Buffer.from(textOf(result).replaceAll('\r\n', '\n')) };
  },
};

describe('a merge fails the properties if it', () => {
  test.each(Object.entries(mutants))('%s', (_, mutant) => {
    const isFound = Object.keys(properties).some(
      (name) => fc.check(propertyOf(name, mutant), { numRuns: 500, seed: 1, endOnFailure: true }).failed,
    );
    expect(isFound).toBe(true);
  });
});

describe('merge3', () => {
  test('shows what was, under labels', () => {
    const result = merged('a\nb\nc\nd\ne\n', 'A\nb\nc\nmine\ne\n', 'a\nb\nc\nyours\ne\n');
    expect(textOf(result)).toBe(
      'A\nb\nc\n<<<<<<< yours\nmine\n||||||| makina 1\nd\n=======\nyours\n>>>>>>> makina 2\ne\n',
    );
    expect(result).toMatchObject({ hunks: [{ line: 4, ours: ['mine\n'], base: ['d\n'], theirs: ['yours\n'] }] });
  });
  test('keeps markers on lines of their own where a newline is missing', () => {
    expect(textOf(merged('a', 'b', 'c'))).toBe('<<<<<<< yours\nb\n||||||| makina 1\na\n=======\nc\n>>>>>>> makina 2\n');
    expect(textOf(merged('x\r\na', 'x\r\nb', 'x\r\nc'))).toBe(
      'x\r\n<<<<<<< yours\r\nb\r\n||||||| makina 1\r\na\r\n=======\r\nc\r\n>>>>>>> makina 2\r\n',
    );
  });
  test('takes a byte order mark of one side for no change', () => {
    expect(textOf(merged('a\nb\nc\n', '\uFEFFa\nb\nmine\n', 'A\nb\nc\n'))).toBe('\uFEFFA\nb\nmine\n');
    expect(textOf(merged('a\r\n', '\uFEFFa\r\n', 'A\r\n'))).toBe('\uFEFFA\r\n');
    expect(textOf(merged('a\nb\nc\n', 'A\nb\nc\n', '\uFEFFa\nb\nnew\n'))).toBe('\uFEFFA\nb\nnew\n');
    const conflict = textOf(merged('a\n', '\uFEFFb\n', 'c\n'));
    expect(conflict).toMatch(/^<<<<<<< yours\n\uFEFFb\n/);
  });
  test('takes a missing final newline for a change', () => {
    expect(textOf(merged('a\nb\nc\n', 'a\nb\nc', 'A\nb\nc\n'))).toBe('A\nb\nc');
    expect(merged('a\n', 'a', 'a\nb\n').kind).toBe('conflict');
  });
  test('takes the same change on both sides once', () => {
    expect(textOf(merged('a\nb\nc\nd\ne\n', 'a\nB\nc\nd\nE\n', 'A\nB\nc\nd\ne\n'))).toContain('<<<<<<<');
    expect(textOf(merged('a\nb\nc\nd\ne\n', 'a\nb\nC\nd\nE\n', 'A\nb\nC\nd\ne\n'))).toBe('A\nb\nC\nd\nE\n');
  });
  test('keeps CRLF, mixed ends, a BOM and odd separators', () => {
    expect(textOf(merged('a\nb\nc\n', 'a\r\nb\r\nC\r\n', 'A\nb\nc\n'))).toBe('A\r\nb\r\nC\r\n');
    expect(merged('a\nb\n', 'a\r\nB\r\n', 'a\nX\n')).toMatchObject({ hunks: [{ line: 2, ours: ['B\r\n'] }] });
    expect(textOf(merged('a\nb\nc\n', 'a\r\nb\nc\n', 'a\nb\nC\n'))).toBe('a\r\nb\nC\n');
    expect(textOf(merged('\ufeffa\nb\nc\u2028d\n', '\ufeffa\nb\nc\u2028D\n', '\ufeffA\nb\nc\u2028d\n'))).toBe(
      '\ufeffA\nb\nc\u2028D\n',
    );
  });
  test('writes longer markers where there are such lines already', () => {
    const result = merged('Title\n=======\n', 'Mine\n=======\n', 'Theirs\n=======\n');
    expect(textOf(result)).toContain('<<<<<<<< yours\n');
    expect(result.kind === 'conflict' && conflictMarkers(result.bytes)).toEqual([1]);
  });

  const nul = Buffer.from('a\0b\n');
  const latin1 = Buffer.from([0x61, 0xe9, 0x0a]);
  const [a, b] = [Buffer.from('a\n'), Buffer.from('b\n')];
  test.each([
    [nul, a, b],
    [a, nul, b],
    [a, b, latin1],
  ])('leaves binary files whole', (base, ours, theirs) => {
    expect(merge3(base, ours, theirs, LABELS)).toEqual({ kind: 'whole', reason: 'binary' });
  });
  test('leaves large files whole, if two are', () => {
    const long = (line: string) => `${line}\n${'x\n'.repeat(20_000)}`;
    const heavy = (line: string) => `${line}\n${'x'.repeat(2 ** 21)}\n`;
    for (const large of [long, heavy]) {
      expect(merged(large('a'), large('b'), large('c'))).toEqual({ kind: 'whole', reason: 'large' });
      expect(merged('a\n', large('b'), 'a\nc\n').kind).toBe('conflict');
    }
  });
  test('merges what one side changed, whatever it is', () => {
    const large = Buffer.alloc(3_000_000, `${'x'.repeat(99)}\n`);
    for (const file of [nul, latin1, large]) {
      const results = [
        merge3(a, a, file, LABELS),
        merge3(a, file, a, LABELS),
        merge3(a, file, Buffer.from(file), LABELS),
      ];
      for (const result of results) expect(result.kind === 'clean' && result.bytes.equals(file)).toBe(true);
      expect(merge3(file, a, b, LABELS).kind).toBe(file === large ? 'conflict' : 'whole');
    }
  });

  const many = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('');
  test.each([
    ['3,000 blank lines', '\n'.repeat(3000), `a\n${'\n'.repeat(2990)}`, `${'\n'.repeat(3050)}b\n`],
    [
      '5,000 repeated lines',
      many(5000, (i) => `${i % 7}\n`),
      many(5000, (i) => `${i % 11}\n`),
      many(5000, (i) => `${(i * i) % 7}\n`),
    ],
    ['20,000 rewritten lines', many(2e4, (i) => `${i}\n`), many(2e4, (i) => `a${i}\n`), many(2e4, (i) => `b${i}\n`)],
    [
      '20,000 lines in another order',
      many(2e4, (i) => `${i}\n`),
      many(2e4, (i) => `${(i * 7919) % 2e4}\n`),
      many(2e4, (i) => `${2e4 - i}\n`),
    ],
  ])('finishes with %s', { timeout: 20_000 }, (_, base, ours, theirs) => {
    expect(merged(base, ours, theirs).kind).toMatch(/clean|conflict/);
  });
});

describe('conflictMarkers', () => {
  const group = (size: number, base = true) =>
    `${'<'.repeat(size)} yours\na\n${base ? `${'|'.repeat(size)} was\n` : ''}${'='.repeat(size)}\nb\n${'>'.repeat(size)} x\n`;
  test.each([
    ['a group', group(7), [1]],
    ['two, the second of git without the base', `x\n${group(7)}${group(7, false)}`, [2, 8]],
    ['one with CRLF', crlf(group(7)), [1]],
    ['one without labels or final newline', '<<<<<<<\n=======\n>>>>>>>', [1]],
    ['a longer one around another', `${group(9).replace('a\n', group(7))}`, [1, 2]],
    ['a heading', 'Title\n=======\ntext\n', []],
    ['an incomplete one', '<<<<<<< yours\na\n=======\nb\n', []],
    ['what is left of one', 'a\n=======\nb\n>>>>>>> x\n<<<<<<< y\n', []],
    ['unequal ones', '<<<<<<< yours\n========\n>>>>>>> x\n', []],
    ['shorter ones', group(6), []],
    ['a shell here-string', 'cat <<<<<<<x\n=======\n>>>>>>> x\n', []],
  ])('of %s', (_, text, lines) => {
    expect(conflictMarkers(Buffer.from(text))).toEqual(lines);
  });
});

describe('text', () => {
  test('lines end at \\n only and join to the same text', () => {
    expect(splitLines('')).toEqual([]);
    expect(splitLines('a\r\n\nb\u2028c\rd\u0085')).toEqual(['a\r\n', '\n', 'b\u2028c\rd\u0085']);
    fc.assert(
      fc.property(triples, ({ ours }) => {
        expect(splitLines(ours).join('')).toBe(ours);
      }),
      SEED,
    );
  });
  test('is binary with a NUL at its start, or in another encoding', () => {
    expect(isBinary(Buffer.from('\ufeffé\u2028\n'))).toBe(false);
    expect(isBinary(Buffer.from(''))).toBe(false);
    expect(isBinary(Buffer.from(`${'a'.repeat(7999)}\0`))).toBe(true);
    expect(isBinary(Buffer.from(`${'a'.repeat(8000)}\0`))).toBe(false);
    expect(isBinary(Buffer.from([0xc3]))).toBe(true);
    expect(isBinary(Buffer.from([0xed, 0xa0, 0x80]))).toBe(true);
  });
});
