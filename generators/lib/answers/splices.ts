/** Where and how a text of YAML changes so that it says something else; all other bytes of it stay. */

import { isDeepStrictEqual } from 'node:util';
import type { Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { isDict } from '../model/dict.ts';
import type { Intent } from '../model/intent.ts';
import type { Yaml } from './document.ts';
import { blockText, flowText } from './yaml-text.ts';

/** A part of a text, and what comes in its place. */
export interface Splice {
  start: number;
  end: number;
  text: string;
}

/** A text with what is needed to change it. */
export interface Source {
  yaml: Yaml;
  text: string;
  document: Document;
  /** Where comments start. */
  comments: readonly number[];
}

/** That a part is written in a way that cannot be changed on its own. */
export class Unsupported extends Error {}

/**
 * What to change in a text.
 * @param is what it means
 * @param want what it is to mean
 * @throws Unsupported
 */
export function splicesOf(source: Source, is: Intent, want: Intent): Splice[] {
  const { contents } = source.document;
  if (!source.yaml.isMap(contents)) throw new Unsupported();
  return ofMap(source, contents, is, want, true).splices;
}

interface MapChange {
  splices: Splice[];
  /** Nothing is left in it. */
  isEmptied: boolean;
}

function ofMap(source: Source, map: YAMLMap, is: Intent, want: Intent, isTop = false): MapChange {
  const splices: Splice[] = [];
  const removed: Pair[] = [];
  const added: Intent = {};
  for (const key of new Set([...Object.keys(is), ...Object.keys(want)])) {
    const [old, next] = [valueAt(is, key), valueAt(want, key)];
    if (isDeepStrictEqual(old, next)) continue;
    const pair = pairOf(source, map, key);
    if (!pair) {
      // It comes from a merge key.
      if (next === undefined) throw new Unsupported();
      added[key] = next;
      continue;
    }
    const inner = innerChange(source, pair, old, next, isTop);
    if (!inner && next === undefined) removed.push(pair);
    else if (!inner) splices.push(...replaced(source, map, pair, next));
    else if (!inner.isEmptied) splices.push(...inner.splices);
    else if (hasComment(source, regionOf(source, map, pair), inner.splices))
      splices.push(...inner.splices, ...(isFlow(pair) ? [] : [{ ...pointAt(afterKey(source, pair)), text: ' {}' }]));
    else if (next === undefined) removed.push(pair);
    else splices.push(...replaced(source, map, pair, next));
  }
  const isAllRemoved = removed.length === map.items.length;
  const hasAdded = Object.keys(added).length > 0;
  if (!map.flow) splices.push(...removed.map((pair) => ({ ...regionOf(source, map, pair), text: '' })));
  else splices.push(...flowRemovals(map.items.map(itemRange), removed.map(indexIn(map)), flowPairs(added)));
  if (hasAdded && !(map.flow && isAllRemoved)) splices.push(addition(source, map, added));
  return { splices, isEmptied: isAllRemoved && !hasAdded };
}

/** The change inside a value; undefined if the value changes as a whole. */
function innerChange(
  source: Source,
  { value }: Pair,
  old: unknown,
  next: unknown,
  isTop: boolean,
): MapChange | undefined {
  const { isMap, isSeq } = source.yaml;
  try {
    // Of a field that goes, its entries go one by one: the comments between them stay.
    if (
      isMap(value) &&
      value.items.length > 0 &&
      isDict(old) &&
      (isDict(next) || (isTop && next === undefined && !value.flow))
    )
      return ofMap(source, value, old, isDict(next) ? next : {});
    if (isSeq(value) && value.items.length > 0 && Array.isArray(old) && Array.isArray(next) && next.length > 0)
      return { splices: ofList(source, value, old, next), isEmptied: false };
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
  }
  return undefined;
}

function ofList(source: Source, list: YAMLSeq, old: unknown[], next: unknown[]): Splice[] {
  const items = list.items as Node[];
  const same = (a: number, b: number) => isDeepStrictEqual(old[a], next[b]);
  let first = 0;
  while (first < Math.min(old.length, next.length) && same(first, first)) first += 1;
  let last = 0;
  while (last < Math.min(old.length, next.length) - first && same(old.length - 1 - last, next.length - 1 - last))
    last += 1;
  const gone = items.slice(first, items.length - last);
  const come = next.slice(first, next.length - last);
  const isSwap =
    gone.length === come.length && gone.every((node, index) => isLine(source, node) && isPlainValue(come[index]));
  if (isSwap) return gone.map((node, index) => scalarSplice(source, node as Scalar, come[index]));
  if (list.flow) {
    const ranges = items.map((item) => ({ start: startOf(item), end: endOf(source, item) }));
    const indexes = gone.map((_, index) => first + index);
    const text = come.map(flowText).join(', ');
    if (come.length === 0) return flowRemovals(ranges, indexes);
    if (gone.length > 0)
      return [{ start: (ranges[first] as Range).start, end: (ranges[first + gone.length - 1] as Range).end, text }];
    const before = ranges[first - 1];
    return [
      before
        ? { ...pointAt(before.end), text: `, ${text}` }
        : { ...pointAt((ranges[first] as Range).start), text: `${text}, ` },
    ];
  }
  const regions = items.map((_, index) => itemRegion(source, list, index));
  const column = columnOf(source, dashOf(list, 0));
  const before = regions[first - 1]?.end ?? (regions[first] as Range).start;
  const removals = regions.slice(first, items.length - last).map((region) => ({ ...region, text: '' }));
  if (come.length === 0) return removals;
  return [...removals, lines(source, before, blockText(source.yaml, come, stepOf(source)), column)];
}

interface Range {
  start: number;
  end: number;
}

const pointAt = (offset: number): Range => ({ start: offset, end: offset });

/** What a pair's value becomes. */
function replaced(source: Source, map: YAMLMap, pair: Pair, next: unknown): Splice[] {
  const value = pair.value as Node | null;
  if (!value?.range) throw new Unsupported();
  const isEmptyDict = isDict(next) && Object.keys(next).length === 0;
  if (map.flow) {
    if (value.range[0] === value.range[1]) throw new Unsupported();
    return [{ start: startOf(value), end: endOf(source, value), text: flowText(next) }];
  }
  if (isLine(source, value) && (isPlainValue(next) || isEmptyDict))
    return [scalarSplice(source, value as Scalar, next)];
  const key = keyText(source, pair);
  const region = regionOf(source, map, pair);
  const column = columnOf(source, startOf(pair.key as Node));
  const [first = '', ...rest] = blockText(source.yaml, { [key]: next }, stepOf(source)).split('\n');
  // The comment beside the key stays there.
  const [comment] = source.comments.filter(
    (offset) => offset > region.start && offset < nextLine(source, region.start),
  );
  const kept = comment === undefined ? '' : ` ${source.text.slice(comment, nextLine(source, region.start)).trimEnd()}`;
  const written = lines(source, region.start, [`${first}${kept}`, ...rest].join('\n'), column);
  return [
    {
      ...region,
      text: source.text.slice(region.start, region.end).endsWith('\n') ? written.text : written.text.trimEnd(),
    },
  ];
}

/** A scalar in the place of another one, between quotes if that one is. */
function scalarSplice(source: Source, node: Scalar, next: unknown): Splice {
  const range = { start: startOf(node), end: endOf(source, node) };
  const isQuoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
  let text = typeof next === 'string' ? blockText(source.yaml, [next], 2).slice(2).trimEnd() : flowText(next);
  if (typeof next === 'string' && isQuoted)
    text = node.type === 'QUOTE_DOUBLE' ? JSON.stringify(next) : `'${next.replaceAll("'", "''")}'`;
  // `key:` has nothing after the colon.
  return { ...range, text: range.start === range.end ? ` ${text}` : text };
}

function addition(source: Source, map: YAMLMap, added: Intent): Splice {
  const last = map.items.at(-1) as Pair | undefined;
  if (map.flow) {
    const text = flowPairs(added);
    return last
      ? { ...pointAt(itemRange(last).end), text: `, ${text}` }
      : { ...pointAt(startOf(map) + 1), text: ` ${text} ` };
  }
  if (!last) throw new Unsupported();
  const offset = lineAfter(source, (last.value ?? last.key) as Node);
  return lines(
    source,
    offset,
    blockText(source.yaml, added, stepOf(source)),
    columnOf(source, startOf(last.key as Node)),
  );
}

function flowPairs(pairs: Intent): string {
  return Object.entries(pairs)
    .map(([key, value]) => `${flowText(key)}: ${flowText(value)}`)
    .join(', ');
}

/** Lines that come in at a place, between those that are there. */
function lines({ text }: Source, offset: number, block: string, column: number): Splice {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const indented = block
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `${' '.repeat(column)}${line}`))
    .join(end);
  const isOpen = offset > 0 && text[offset - 1] !== '\n';
  return { ...pointAt(offset), text: isOpen ? `${end}${indented}` : `${indented}${end}` };
}

/** The lines of a pair, with the comment at the end of the last one. */
function regionOf(source: Source, map: YAMLMap, pair: Pair): Range {
  const key = pair.key as Node;
  if (map.flow) return itemRange(pair);
  const start = lineStart(source, startOf(key));
  const end = lineAfter(source, (pair.value ?? key) as Node);
  if (source.text.slice(start, startOf(key)).trim() === '') return wholeLines(source, start, end);
  const next = map.items[map.items.indexOf(pair) + 1];
  if (!next) throw new Unsupported();
  return { start: startOf(key), end: startOf(next.key as Node) };
}

function itemRegion(source: Source, list: YAMLSeq, index: number): Range {
  const dash = dashOf(list, index);
  const start = lineStart(source, dash);
  if (source.text.slice(start, dash).trim() !== '') throw new Unsupported();
  return wholeLines(source, start, lineAfter(source, list.items[index] as Node));
}

/** At the end of a text without a last line break, that of the line before goes. */
function wholeLines({ text }: Source, start: number, end: number): Range {
  if (end < text.length || text.endsWith('\n') || start === 0) return { start, end };
  return { start: start - (text.slice(0, start).endsWith('\r\n') ? 2 : 1), end };
}

function dashOf({ srcToken }: YAMLSeq, index: number): number {
  const item = srcToken && 'items' in srcToken ? srcToken.items[index] : undefined;
  const dash = item?.start.find(({ type }) => type === 'seq-item-ind');
  if (!dash) throw new Unsupported();
  return dash.offset;
}

/**
 * What goes from a collection in one line, each with its comma.
 * @param instead what comes if all of it goes
 */
function flowRemovals(ranges: readonly Range[], indexes: readonly number[], instead = ''): Splice[] {
  if (indexes.length === ranges.length) {
    const [first, last] = [ranges[0], ranges.at(-1)];
    return first && last ? [{ start: first.start, end: last.end, text: instead }] : [];
  }
  return indexes.map((index) => {
    const next = ranges[index + 1];
    const range = ranges[index] as Range;
    const before = ranges.slice(0, index).findLast((_, at) => !indexes.includes(at));
    // Up to the next one; the last ones, from the one before.
    if (before === undefined && next) return { start: range.start, end: next.start, text: '' };
    return { start: (ranges[index - 1] as Range).end, end: range.end, text: '' };
  });
}

const isFlow = ({ value }: Pair): boolean => (value as YAMLMap).flow === true;

const indexIn = (map: YAMLMap) => (pair: Pair) => map.items.indexOf(pair);

function itemRange(pair: Pair): Range {
  const key = pair.key as Node;
  const value = (pair.value ?? key) as Node;
  return { start: startOf(key), end: (value.range ?? [0, 0])[1] };
}

function hasComment({ comments }: Source, { start, end }: Range, without: readonly Range[]): boolean {
  const isIn = (offset: number, range: Range) => offset >= range.start && offset < range.end;
  return comments.some((offset) => isIn(offset, { start, end }) && !without.some((range) => isIn(offset, range)));
}

function afterKey(source: Source, { key }: Pair): number {
  const colon = source.text.indexOf(':', endOf(source, key as Node));
  return colon + 1;
}

function pairOf({ yaml, document }: Source, map: YAMLMap, key: string): Pair | undefined {
  return map.items.find(({ key: node }) => {
    const own = yaml.isAlias(node) ? node.resolve(document) : node;
    return yaml.isScalar(own) && String(own.type === 'PLAIN' ? own.source : own.value) === key;
  });
}

function keyText(source: Source, { key }: Pair): string {
  const node = source.yaml.isAlias(key) ? key.resolve(source.document) : key;
  return String(source.yaml.isScalar(node) ? (node.type === 'PLAIN' ? node.source : node.value) : '');
}

function isPlainValue(value: unknown): boolean {
  return typeof value !== 'object' ? !String(value).includes('\n') : value === null;
}

/** Whether a value is a scalar, an alias or a collection within one line. */
function isLine({ yaml, text }: Source, node: Node): boolean {
  if (yaml.isScalar(node) && node.type?.startsWith('BLOCK')) return false;
  if ((yaml.isMap(node) || yaml.isSeq(node)) && !node.flow) return false;
  const [start, end] = node.range ?? [0, 0];
  return !text.slice(start, end).includes('\n');
}

const startOf = ({ range }: Node): number => {
  if (!range) throw new Unsupported();
  return range[0];
};

/** Where the content of a node ends, without the comment behind it. */
function endOf(source: Source, node: Node): number {
  const { isMap, isSeq } = source.yaml;
  const last = (isMap(node) || isSeq(node)) && !node.flow ? node.items.at(-1) : undefined;
  if (!last) return (node.range ?? [0, startOf(node)])[1];
  if (source.yaml.isPair(last)) return endOf(source, (last.value ?? last.key) as Node);
  return endOf(source, last as Node);
}

const lineStart = ({ text }: Source, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;

function nextLine({ text }: Source, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

/** Where the line after a node starts. */
function lineAfter(source: Source, node: Node): number {
  const end = endOf(source, node);
  // A block of text ends there itself.
  return end > startOf(node) && source.text[end - 1] === '\n' ? end : nextLine(source, end);
}

const columnOf = (source: Source, offset: number): number => offset - lineStart(source, offset);

/** How far the file indents. */
function stepOf({ text }: Source): number {
  const [, spaces = '  '] =
    /^[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*( +)[^\s#]/m.exec(text) ?? [];
  return Math.min(spaces.length, 8);
}

const valueAt = (tree: Intent, key: string): unknown => (Object.hasOwn(tree, key) ? tree[key] : undefined);
