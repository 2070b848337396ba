/** Answers as the text of YAML that every reader takes for the same. */

import type { Scalar } from 'yaml';
import { isDict } from '../model/dict.ts';
import type { Yaml } from './document.ts';
import { meaningOf } from './scalars.ts';

const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
/** Text of several lines that a block shows as it is. */
const LINES = /^[^\s\p{Cc}][^\p{Cc}]*(\n([^\s\p{Cc}][^\p{Cc}]*)?)*[^\s]\n?$/u;

/** A mapping or a list in lines; each line ends with a line break. */
export function blockText(yaml: Yaml, value: object, indent: number): string {
  const document = new yaml.Document(value, { aliasDuplicateObjects: false });
  yaml.visit(document, { Scalar: (_, node) => quote(node) });
  return document.toString({ indent, lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER });
}

function quote(node: Scalar): void {
  const { value } = node;
  if (typeof value !== 'string') return;
  const isPlain = value.includes('\n') ? LINES.test(value) : meaningOf(value) === 'text' && !/\p{Cc}/u.test(value);
  if (!isPlain) node.type = 'QUOTE_DOUBLE';
}

/** A value in one line, as in `{ A: 1 }`. */
export function flowText(value: unknown): string {
  if (typeof value === 'string')
    return PLAIN.test(value) && meaningOf(value) === 'text' ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (!isDict(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, item]) => `${flowText(key)}: ${flowText(item)}`);
  return pairs.length > 0 ? `{ ${pairs.join(', ')} }` : '{}';
}
