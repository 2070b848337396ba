import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../package.ts';
import * as quote from '../quote/quote.ts';
import { asRunner } from '../rights.ts';

const LANGUAGES: [RegExp, (text: string) => string][] = [
  [/(\.sls|^PILLAR\.sample)$/, quote.sls],
  [/\.ya?ml$/, quote.yaml],
  [/\.sh$/, quote.shell],
  [/\.py$/, quote.python],
  [/\.(json|mjs)$/, quote.json],
  [/\.md$/, quote.markdown],
  [/^Dockerfile$/, quote.dockerfile],
];

type Fill = (it: Record<string, unknown>) => string;

/** A value that a template names; the `-` at its end takes the end of the line along. Text, sign, name, text and so on. */
const VALUE = /<%([-=]) it\.(\w+) (?:%>|-%>\n?)/;

/** Over many projects, reading and taking apart a template anew for each takes most of the time. */
const fills = new Map<string, Fill>();

/**
 * Renders one template of the package. In it `<%= it.name %>` quotes for the language of the file that comes out, and
 * `<%- it.name %>` is left for values whose schema is an identifier.
 * @param template path below templates/, without the `.ejs`
 * @param it the values a template may name; naming another one is an error
 * @throws when the template names an unknown value, quotes in a file whose language is unknown, or holds more than values
 */
export function renderTemplate(template: string, it: Record<string, unknown>): string {
  const fill = fills.get(template) ?? compile(template);
  fills.set(template, fill);
  return fill(it);
}

function compile(template: string): Fill {
  const file = join(packageRoot, 'templates', `${template}.ejs`);
  const text = asRunner(() => readFileSync(file, 'utf8')).replaceAll('\r\n', '\n');
  const [start = '', ...parts] = text.split(VALUE);
  if (parts.length === 0 && !text.includes('<%')) return () => text;
  const quoteFor = LANGUAGES.find(([pattern]) => pattern.test(basename(template)))?.[1] ?? refuse(template);
  if ([start, ...parts].some((part) => part.includes('<%'))) throw new Error(`${template}: holds more than values`);
  return (it) => {
    let filled = start;
    for (let index = 0; index < parts.length; index += 3) {
      const [sign, key, next] = parts.slice(index, index + 3) as [string, string, string];
      if (!(key in it)) throw new Error(`${template}: unknown value "${key}"`);
      filled += (sign === '=' ? quoteFor(String(it[key])) : String(it[key])) + next;
    }
    return filled;
  };
}

function refuse(template: string): (text: string) => string {
  return () => {
    throw new Error(`${template}: no quoting is known for this kind of file`);
  };
}
