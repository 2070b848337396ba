import type { Document, Node, Pair, Scalar } from 'yaml';
import { OddScalar, sentenceOf, spelledValue } from '../answers/document.ts';
import type { Place } from '../answers/place.ts';

/** What is wrong with a text, and where: lines and columns from 1. */
export interface Mistake {
  line: number;
  column: number;
  message: string;
}

export type Parsed = { value: unknown; mistake?: never } | { value?: never; mistake: Mistake };

/** The characters that PyYAML refuses. */
const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * Reads a text as YAML 1.1, which Salt and the launcher do.
 * @param plain with the rules of the launcher's plain_yaml.py: no aliases, no tags, nothing but what JSON can hold
 * @param place what may be in it; for a pillar that of the project's keys, by the name of a key
 */
export async function parseYaml(text: string, plain: boolean, place: Place): Promise<Parsed> {
  const yaml = await import('yaml');
  const { LineCounter, isAlias, isPair, isScalar, parseDocument, visit } = yaml;
  const lines = new LineCounter();
  const at = (offset: number, message: string): Parsed => {
    const { line, col } = lines.linePos(offset);
    return { mistake: { line: line || 1, column: col || 1, message } };
  };
  try {
    // The line breaks of YAML 1.1 that 1.2 dropped.
    const source = text.replace(/^\uFEFF/, '').replace(/[\x85\u2028\u2029]/g, '\n');
    const document = parseDocument(source, {
      version: '1.1',
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
    });
    const [wrong] = [...document.errors].sort((a, b) => a.pos[0] - b.pos[0]);
    if (wrong) return at(wrong.pos[0], sentenceOf(wrong));
    const odd = UNPRINTABLE.exec(source);
    if (odd) return at(odd.index, 'a character that YAML does not allow');
    if (plain) {
      const tab = await tabOutsideText(source, document);
      if (tab !== undefined) return at(tab, 'a tab; use spaces');
      let found: Parsed | undefined;
      visit(document, (key, node) => {
        if (node === null) return undefined;
        const message = isPair(node)
          ? ofPair(node, isScalar)
          : ofNode(node as Node, key, isAlias(node), isScalar(node));
        const start = (isPair(node) ? (node.key as Node | null) : (node as Node))?.range?.[0] ?? 0;
        if (message) found ??= at(start, message);
        return found ? visit.BREAK : undefined;
      });
      if (found) return found;
    }
    // Throws for endless aliases.
    document.toJS();
    return { value: spelledValue(yaml, document, place, plain ? 'yaml' : 'salt') };
  } catch (failure) {
    if (failure instanceof OddScalar) return at(failure.offset, failure.message);
    // Nested too deep; then too many aliases.
    if (failure instanceof RangeError) return at(0, 'it is nested too deep');
    if (failure instanceof ReferenceError) return at(0, failure.message);
    throw failure;
  }
}

const TAGS = ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((kind) => `tag:yaml.org,2002:${kind}`);

/** What a scalar with a tag must have become. */
const OF_TAG: Record<string, string[]> = {
  int: ['number', 'bigint'],
  float: ['number'],
  bool: ['boolean'],
  map: [],
  seq: [],
};

function ofNode(node: Node, key: unknown, isAlias: boolean, isScalar: boolean): string | undefined {
  if (isAlias) return 'it uses an alias';
  if (!isScalar) return node.tag && !TAGS.includes(node.tag) ? 'it uses a tag' : undefined;
  const { value, tag, type } = node as Scalar;
  // Keys are checked with their pairs.
  if (key === 'key') return undefined;
  // Checked with its place.
  if (type === 'PLAIN' && !tag) return undefined;
  if (value instanceof Date || (tag && !TAGS.includes(tag)))
    return 'a date, a set or bytes cannot be a setting; put it in quotes';
  const wanted = tag && OF_TAG[tag.replace(/.*:/, '')];
  if (wanted && !wanted.includes(typeof value)) return 'a value does not fit its tag';
  if (typeof value === 'number' && !Number.isFinite(value)) return 'infinity and NaN are not allowed';
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) return 'half a surrogate pair is not text';
  return undefined;
}

function ofPair({ key }: Pair, isScalar: (node: unknown) => node is Scalar): string | undefined {
  if (!isScalar(key) || (key.type === 'PLAIN' && ['', '<<'].includes(key.source ?? ''))) return 'a key is not text';
  if (key.type !== 'PLAIN' && typeof key.value !== 'string') return 'a key is not text';
  return /\p{Surrogate}/u.test(String(key.value)) ? 'half a surrogate pair is not text' : undefined;
}

/** PyYAML takes a tab in quotes, in a block of text and in a comment, and nowhere else. */
async function tabOutsideText(source: string, document: Document.Parsed): Promise<number | undefined> {
  if (!source.includes('\t')) return undefined;
  const { Lexer, visit } = await import('yaml');
  const texts: [start: number, end: number][] = [];
  visit(document, {
    Scalar: (_, { type, range }) => {
      if (type !== 'PLAIN' && range) texts.push([range[0], range[1]]);
    },
  });
  let offset = 0;
  for (const token of new Lexer().lex(source)) {
    if (MARKS.includes(token)) continue;
    if (token.startsWith('#')) texts.push([offset, offset + token.length]);
    offset += token.length;
  }
  const tabs = [...source.matchAll(/\t/g)].map(({ index }) => index);
  return tabs.find((tab) => !texts.some(([start, end]) => start <= tab && tab < end));
}

/** What the lexer puts between the words of the text: the start of a document or a scalar, a broken collection. */
const MARKS = ['\u0002', '\u0018', '\u001f'];
