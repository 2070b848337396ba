import { isDict } from '../model/dict.ts';

type Quote = (text: string, indent?: number) => string;

const PLAIN_KEY = /^[A-Za-z][A-Za-z0-9_.-]*$/;
const YAML_11_WORD = /^(y|n|yes|no|on|off|true|false|null)$/i;

/**
 * A value as block YAML that YAML 1.1 (Salt) reads back unchanged.
 * @param quote how a string is written, for the language of the file; for a value, but not for a key, it gets the spaces before its line
 * @param indent spaces before each line
 * @returns lines with a final newline
 */
export function yamlBlock(value: object, quote: Quote, indent: number): string {
  const spaces = ' '.repeat(indent);
  let block = '';
  for (const [key, item] of Object.entries(value)) {
    const head = Array.isArray(value) ? '-' : `${keyOf(key, quote)}:`;
    block += isEmpty(item)
      ? `${spaces}${head} ${scalar(item, (text) => quote(text, indent))}\n`
      : `${spaces}${head}\n${yamlBlock(item as object, quote, indent + 2)}`;
  }
  return block;
}

function isEmpty(item: unknown): boolean {
  return !(Array.isArray(item) ? item.length > 0 : isDict(item) && Object.keys(item).length > 0);
}

function keyOf(key: string, quote: Quote): string {
  return PLAIN_KEY.test(key) && !YAML_11_WORD.test(key) ? key : quote(key);
}

function scalar(value: unknown, quote: Quote): string {
  if (typeof value === 'string') return quote(value);
  // YAML 1.1 takes 1e+21 for a string; a float there has a dot.
  if (typeof value === 'number') return String(value).replace(/^(-?\d+)(e.*)$/, '$1.0$2');
  return JSON.stringify(value);
}
