// For 0.1 and 0.2, whose code went to the runtime; remove it with the last upgrade from them.
import { readsGoneName, requiresGoneState } from './gone.ts';
import { type Change, compareLines } from './lines.ts';
import { type ConflictHunk, type Labels, type Merged, marking, mergeLines, type Sides } from './merge3.ts';

/** Whether the templates kept less than half of a text: the rest went elsewhere. */
export function isShortened(base: readonly string[], theirs: readonly string[]): boolean {
  return theirs.length * 2 < base.length;
}

/**
 * Merges a file whose code went elsewhere, so that a few lines are left. Lines that happen to be in both say nothing about
 * where an edit belongs, so the new file comes whole. Comments that the owner wrote above all of the old one go above it.
 * What is below all goes below it, with the Jinja variables that it reads, unless it needs what went. Each other edit is a conflict of
 * its own at the end, with the paragraph that it is in.
 * @param states those of the runtime
 */
export function mergeShortened({ base, ours: owned, theirs }: Sides, labels: Labels, states = () => ''): Merged {
  // An editor may leave out the end of the last line.
  const ours = owned.map((line) => (line.endsWith('\n') ? line : `${line}\n`));
  const isUnended = ours.at(-1) !== owned.at(-1) && base.at(-1)?.endsWith('\n');
  const sides = { base, ours, theirs };
  const write = marking(sides, labels);
  const edits = compareLines(base, ours);
  const start = theirs[0]?.startsWith('#!') && base[0]?.startsWith('#!') ? 1 : 0;
  const [first] = edits;
  const above = first?.from === start && first.removed === 0 ? ours.slice(first.to, first.to + first.added) : [];
  const isHeader = above.length > 0 && above.every((line) => /^\s*(#(?!!).*)?$/.test(line.trimEnd()));
  if (isHeader) edits.shift();
  const last = edits.at(-1);
  const below = last?.from === base.length ? ours.slice(last.to) : [];
  const [code, old, now] = [below, base, theirs].map((lines) => lines.join('')) as [string, string, string];
  const isPossible = below.length > 0 && !readsGoneName(code, old, now) && !requiresGoneState(code, old, now, states());
  const needed = isPossible ? variablesOf(below, base, theirs) : undefined;
  const hunks = paragraphs(sides, needed ? edits.slice(0, -1) : edits, isParagraph);
  const text = [
    ...theirs.slice(0, start),
    ...(isHeader ? above : []),
    ...theirs.slice(start),
    ...(needed ? [...needed, ...below] : []),
    ...hunks.map(write),
  ];
  const bytes = Buffer.from(text.join(''));
  if (hunks.length > 0) return { kind: 'conflict', bytes, hunks };
  return { kind: 'clean', bytes: isUnended ? bytes.subarray(0, -1) : bytes };
}

/**
 * Merges settings of which only what differs from the defaults is left. An edit of what went is a conflict with its whole
 * entry, below what came in its place.
 */
export function mergeSettings(sides: Sides, labels: Labels): Merged {
  return mergeLines(sides, labels, (hunk) => {
    const { line, ours, base, theirs } = hunk;
    if (!isShortened(base, theirs)) return { lines: [], hunks: [hunk] };
    const hunks = paragraphs({ ours, base, theirs }, compareLines(base, ours), isEntry);
    return { lines: theirs, hunks: hunks.map((each) => ({ ...each, line: line + each.line - 1 })) };
  });
}

/** Whether a paragraph starts at a line. */
type Starts = (lines: readonly string[], index: number) => boolean;
const isParagraph: Starts = (lines, index) => [index, index - 1].some((at) => lines[at]?.trim() === '');
const isEntry: Starts = (lines, index) => /^ {0,4}\S/.test(lines[index] as string);

/** The edits, each with the paragraph that it is in; those together that share one. */
function paragraphs({ base, ours }: Sides, edits: readonly Change[], starts: Starts): ConflictHunk[] {
  const found: { from: number; to: number; start: number; end: number }[] = [];
  for (const { from, removed, to, added } of edits) {
    let first = from;
    // What is below all is a paragraph of its own.
    while (first > 0 && first < base.length && !starts(base, first)) first--;
    let end = from + removed;
    while (end < base.length && !starts(base, end)) end++;
    const paragraph = { from: first, to: end, start: to - (from - first), end: to + added + end - from - removed };
    const before = found.at(-1);
    if (before && paragraph.from < before.to) Object.assign(before, { to: paragraph.to, end: paragraph.end });
    else found.push(paragraph);
  }
  return found.map(({ from, to, start, end }) => ({
    line: start + 1,
    ours: ours.slice(start, end),
    base: base.slice(from, to),
    theirs: [],
  }));
}

const SET = /^\{%-?\s*set\s+(\w+)\s*=\s*(.*?)\s*-?%\}\s*$/;
/** What Salt gives every template, and words of Jinja. */
const GIVEN = new Set('opts salt grains pillar and or not in is if else true false none True False None'.split(' '));

/**
 * The lines that states need above them in another file: the variables of the old one that they read.
 * @returns undefined where they need more: a variable of a loop, or an `include` of their own, of which a file has one
 */
function variablesOf(states: readonly string[], base: readonly string[], theirs: readonly string[]) {
  if (/^(include|extend)\s*:/m.test(states.join(''))) return undefined;
  const sets = new Map<string, { line: string; value: string }>();
  for (const line of base) {
    const [, name, value] = SET.exec(line) ?? [];
    // Of a name that is set twice, it is not known which one is meant.
    if (name && value !== undefined)
      sets.set(name, sets.has(name) ? { line: '', value: 'set_twice' } : { line, value });
  }
  const known = new Set([...GIVEN, ...setIn(theirs.join('')), ...setIn(states.join(''))]);
  const gone = new Set(setIn(base.join('')));
  const needed: string[] = [];
  const isReady = (name: string): boolean => {
    if (known.has(name)) return true;
    const set = sets.get(name);
    if (!set || !namesIn(set.value).every((each) => each !== name && isReady(each))) return false;
    known.add(name);
    needed.push(set.line);
    return true;
  };
  const [, ...read] = states.join('').split(/\{[{%]/);
  return read
    .flatMap((each) => namesIn(each.split(/[}%]\}/)[0] as string))
    .every((name) => !gone.has(name) || isReady(name))
    ? needed
    : undefined;
}

/** What a template sets, loops over with, imports or makes a macro. */
function setIn(text: string): string[] {
  const names = text.matchAll(/\{%-?\s*(?:set|macro|for|import\s+\S+\s+as)\s+(\w+(?:\s*,\s*\w+)*)/g);
  return Array.from(names, ([, found]) => (found as string).split(/\s*,\s*/)).flat();
}

/** The names that an expression reads: no text, no attribute and no filter. */
function namesIn(expression: string): string[] {
  return expression.replace(/'[^']*'|"[^"]*"|[.|]\s*\w+/g, ' ').match(/[A-Za-z_]\w*/g) ?? [];
}
