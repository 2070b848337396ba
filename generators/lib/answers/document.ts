/** The value of a document of YAML or JSON, text as it is spelled. */

import type { Document, Node, Scalar, YAMLError, YAMLMap } from 'yaml';
import type { Place } from './place.ts';
import { isSpelled, meaningOf, ODD } from './scalars.ts';

/** A scalar or a key that means several things. */
export class OddScalar extends Error {
  /** Where it starts. */
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** What is wrong with a text that cannot be read. */
export function sentenceOf({ code, message }: YAMLError): string {
  if (code === 'DUPLICATE_KEY') return 'a key appears twice';
  return code === 'BLOCK_AS_IMPLICIT_KEY' ? 'a mapping cannot start here; put text with ": " in quotes' : message;
}

/** How plain scalars are read: JSON has one reading of each, and Salt takes none as text. */
export type Reading = 'yaml' | 'json' | 'salt';

export type Yaml = typeof import('yaml');

/**
 * @param yaml the package, which most runs do not load
 * @param document without errors and endless aliases
 * @throws OddScalar
 */
export function spelledValue(yaml: Yaml, document: Document, place: Place, reading: Reading): unknown {
  const { isAlias, isMap, isScalar, isSeq } = yaml;

  const valueAt = (node: Node | null | undefined, place: Place, path: string, inList = false): unknown => {
    if (isAlias(node)) return valueAt(node.resolve(document), place, path, inList);
    if (isSeq(node))
      return node.items.map((item, index) => valueAt(item as Node, place.item(), `${path}.${index}`, true));
    if (isMap(node)) return ofMap(node, place, path);
    if (!isScalar(node)) return null;
    const source = plainSource(node);
    if (source === undefined || place.kind === 'other') return node.value;
    if (place.kind === 'text' && isSpelled(source, inList) && reading !== 'salt') return source;
    if (reading === 'json') return JSON.parse(source);
    const meaning = meaningOf(source);
    if (meaning === 'odd' || (place.kind === 'text' && meaning !== 'text' && meaning !== 'null'))
      throw new OddScalar(`${path.slice(1)} is ${ODD}`, node.range?.[0] ?? 0);
    return { null: null, boolean: /^t/i.test(source), number: Number(source), text: source }[meaning];
  };

  const ofMap = (map: YAMLMap, place: Place, path: string): unknown => {
    const merged = new Map<string, unknown>();
    const own = new Map<string, unknown>();
    for (const { key, value } of map.items) {
      if (isScalar(key) && plainSource(key) === '<<') {
        const source = isAlias(value) ? value.resolve(document) : value;
        for (const item of isSeq(source) ? source.items : [source]) {
          const from = valueAt(item as Node, place, path);
          for (const [name, inner] of Object.entries(from as object)) if (!merged.has(name)) merged.set(name, inner);
        }
        continue;
      }
      const name = keyOf(key as Node, place);
      own.set(name, valueAt(value as Node, place.field(name), place.isTop ? '' : `${path}.${name}`));
    }
    return Object.fromEntries([...merged, ...own]);
  };

  const keyOf = (node: Node | null, place: Place): string => {
    const key = isAlias(node) ? node.resolve(document) : node;
    if (!isScalar(key)) throw new OddScalar('a key is not text', node?.range?.[0] ?? 0);
    const source = plainSource(key);
    if (source === undefined) return String(key.value);
    if ((place.kind === 'free' || (reading === 'salt' && place.kind !== 'other')) && meaningOf(source) !== 'text')
      throw new OddScalar('a key is not text to every reader of YAML; quote it', node?.range?.[0] ?? 0);
    return source;
  };

  return valueAt(document.contents as Node | null, place, '');
}

/** The source text of a scalar without quotes and without a tag. */
function plainSource({ type, tag, source, value }: Scalar): string | undefined {
  return (type ?? 'PLAIN') === 'PLAIN' && !tag ? (source ?? String(value ?? '')) : undefined;
}
