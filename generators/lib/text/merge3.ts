import { type Change, compareLines } from './lines.ts';
import { isBinary, splitLines } from './split-lines.ts';

/** What the markers call the three sides. */
export interface Labels {
  ours: string;
  base: string;
  theirs: string;
}

/** Lines that both sides changed, with their terminators; `line` is where they start in ours, from 1. */
export interface ConflictHunk {
  line: number;
  ours: string[];
  base: string[];
  theirs: string[];
}

export type Merged =
  | { kind: 'clean'; bytes: Buffer }
  | { kind: 'conflict'; bytes: Buffer; hunks: ConflictHunk[] }
  | { kind: 'whole'; reason: 'binary' | 'large' };

const BOM = '\uFEFF';
const MAX_LINES = 20_000;
const MAX_BYTES = 2 * 1024 * 1024;
/** The start of a line that could be taken for a marker. */
const MARKER = /^([<|=>])\1{6,}(?=[ \r\n]|$)/;

/**
 * Merges what two sides made of one file, line by line.
 * @param ours if it is CRLF throughout and the others are LF, that counts as no change, and the result is CRLF too; a byte
 * order mark that one side alone has stays
 * @param merge another way for the lines of the three
 * @returns a conflict's bytes have diff3 markers, longer than 7 where a line of the three files looks like one; `whole` is
 * a file that lines cannot merge, never one that a single side changed
 */
export function merge3(
  base: Buffer,
  ours: Buffer,
  theirs: Buffer,
  labels: Labels,
  merge: (sides: Sides, labels: Labels) => Merged = (sides, labels) => mergeLines(sides, labels),
): Merged {
  if (ours.equals(base) || ours.equals(theirs)) return { kind: 'clean', bytes: theirs };
  if (theirs.equals(base)) return { kind: 'clean', bytes: ours };
  if ([base, ours, theirs].some(isBinary)) return { kind: 'whole', reason: 'binary' };
  const [b, o, t] = [base.toString(), ours.toString(), theirs.toString()];
  if (!b.startsWith(BOM) && o.startsWith(BOM) !== t.startsWith(BOM)) {
    const bare = (text: string) => Buffer.from(text.startsWith(BOM) ? text.slice(BOM.length) : text);
    const merged = merge3(base, bare(o), bare(t), labels, merge);
    // A byte order mark before a marker would hide it.
    if (merged.kind === 'clean') return { kind: 'clean', bytes: Buffer.concat([Buffer.from(BOM), merged.bytes]) };
  }
  if (isCrlf(o) && !b.includes('\r\n') && !t.includes('\r\n'))
    return toCrlf(merge3(base, Buffer.from(o.replaceAll('\r\n', '\n')), theirs, labels, merge));
  const sides = { base: splitLines(b), ours: splitLines(o), theirs: splitLines(t) };
  // Two large sides compared with each other take the square of the time.
  if ([sides.base, sides.ours, sides.theirs].filter(isLarge).length > 1) return { kind: 'whole', reason: 'large' };
  return merge(sides, labels);
}

/**
 * Finds the conflicts that are still in a file.
 * @returns the lines where groups of markers start, from 1; a group is complete and its markers are all of one length
 */
export function conflictMarkers(bytes: Buffer): number[] {
  const found: number[] = [];
  const open = new Map<number, { line: number; divided: boolean }>();
  for (const [index, line] of splitLines(bytes.toString('latin1')).entries()) {
    const marker = MARKER.exec(line)?.[0] ?? '';
    const group = open.get(marker.length);
    if (marker.startsWith('<')) open.set(marker.length, { line: index + 1, divided: false });
    else if (marker.startsWith('=') && group) group.divided = true;
    else if (marker.startsWith('>') && group?.divided) {
      found.push(group.line);
      open.delete(marker.length);
    }
  }
  return found.sort((a, b) => a - b);
}

/** The lines of the three files, with their terminators. */
export type Sides = Record<keyof Labels, string[]>;

/**
 * Merges the lines of three files.
 * @param refine what is written in the place of a conflict: lines, and the conflicts that follow them
 */
export function mergeLines(
  sides: Sides,
  labels: Labels,
  refine = (hunk: ConflictHunk): { lines: string[]; hunks: ConflictHunk[] } => ({ lines: [], hunks: [hunk] }),
): Merged {
  const write = marking(sides, labels);
  const hunks: ConflictHunk[] = [];
  let merged = '';
  let at = 0;
  for (const region of regions(sides)) {
    merged += sides.base.slice(at, region.from).join('');
    at = region.to;
    const [ours, theirs] = [stretch(region, 'ours', sides), stretch(region, 'theirs', sides)];
    const lines = (ours ?? theirs)?.lines.join('');
    // Both may have made the same change.
    if (!ours || !theirs || lines === theirs.lines.join('')) merged += lines;
    else {
      const base = sides.base.slice(region.from, region.to);
      const refined = refine({ line: ours.start + 1, ours: ours.lines, base, theirs: theirs.lines });
      hunks.push(...refined.hunks);
      merged += refined.lines.join('') + refined.hunks.map(write).join('');
    }
  }
  const bytes = Buffer.from(merged + sides.base.slice(at).join(''));
  return hunks.length > 0 ? { kind: 'conflict', bytes, hunks } : { kind: 'clean', bytes };
}

/** A stretch of the base, and what each side changed in it. */
interface Region {
  from: number;
  to: number;
  ours: Change[];
  theirs: Change[];
}

/** The changes of both sides, those together that overlap or touch. */
function regions({ base, ours, theirs }: Sides): Region[] {
  const changes = [
    ...compareLines(base, ours).map((change) => ({ change, side: 'ours' as const })),
    ...compareLines(base, theirs).map((change) => ({ change, side: 'theirs' as const })),
  ].sort((a, b) => a.change.from - b.change.from);
  const found: Region[] = [];
  for (const { change, side } of changes) {
    let region = found.at(-1);
    if (!region || change.from > region.to) {
      region = { from: change.from, to: change.from, ours: [], theirs: [] };
      found.push(region);
    }
    region.to = Math.max(region.to, change.from + change.removed);
    region[side].push(change);
  }
  return found;
}

/** What a side has in the place of a region, if it changed that. */
function stretch(
  region: Region,
  side: 'ours' | 'theirs',
  sides: Sides,
): { start: number; lines: string[] } | undefined {
  const [first, last] = [region[side][0], region[side].at(-1)];
  if (!first || !last) return undefined;
  const start = first.to - (first.from - region.from);
  const end = last.to + last.added + region.to - last.from - last.removed;
  return { start, lines: sides[side].slice(start, end) };
}

/** How to write a conflict of these three files. */
export function marking({ base, ours, theirs }: Sides, labels: Labels): (hunk: ConflictHunk) => string {
  const lines = [...ours, ...base, ...theirs];
  const taken = new Set(lines.map((line) => MARKER.exec(line)?.[0].length));
  let size = 7;
  while (taken.has(size)) size++;
  const eol = lines.find((line) => line.endsWith('\n'))?.endsWith('\r\n') ? '\r\n' : '\n';
  const ended = (line: string) => (line.endsWith('\n') ? line : line + eol);
  const marker = (sign: string, label: string) => `${sign.repeat(size)} ${label}${eol}`;
  return (hunk) =>
    [
      marker('<', labels.ours),
      ...hunk.ours.map(ended),
      marker('|', labels.base),
      ...hunk.base.map(ended),
      '='.repeat(size) + eol,
      ...hunk.theirs.map(ended),
      marker('>', labels.theirs),
    ].join('');
}

function isLarge(lines: string[]): boolean {
  return lines.length > MAX_LINES || lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) > MAX_BYTES;
}

function isCrlf(text: string): boolean {
  return text.includes('\n') && !/(?<!\r)\n/.test(text);
}

function toCrlf(merged: Merged): Merged {
  if (merged.kind === 'whole') return merged;
  const crlf = (text: string) => text.replaceAll('\n', '\r\n');
  const bytes = Buffer.from(crlf(merged.bytes.toString()));
  if (merged.kind === 'clean') return { kind: 'clean', bytes };
  const hunks = merged.hunks.map(({ line, ours, base, theirs }) => ({
    line,
    ours: ours.map(crlf),
    base: base.map(crlf),
    theirs: theirs.map(crlf),
  }));
  return { kind: 'conflict', bytes, hunks };
}
