import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../package.ts';
import { asRunner } from '../system/rights.ts';
import * as quote from '../text/quote.ts';

const LANGUAGES: [RegExp, (text: string) => string][] = [
  [/(\.sls|^PILLAR\.sample)$/, quote.sls],
  [/\.ya?ml$/, quote.yaml],
  [/\.sh$/, quote.shell],
  [/\.py$/, quote.python],
  [/\.(json|mjs)$/, quote.json],
  [/\.md$/, quote.markdown],
  [/^Dockerfile$/, quote.dockerfile],
];

/** All that templates use of EJS; `-%>` takes the end of the line with it. */
const TAG = /<%([=-]) it\.(\w+) (?:%>|-%>\n?)/;

interface Value {
  name: string;
  isQuoted: boolean;
  /** The text up to the next value. */
  after: string;
}

interface Template {
  before: string;
  values: Value[];
  quote: (text: string) => string;
}

/** Over many projects, reading and splitting a template anew for each takes most of the time. */
const templates = new Map<string, Template>();

/**
 * Renders one template of the package. In it `<%= it.name %>` quotes for the language of the file that comes out, and
 * `<%- it.name %>` is left for values whose schema is an identifier.
 * @param path path below templates/, without the `.ejs`
 * @param it the values a template may name; naming another one is an error
 * @throws when the template names an unknown value, or quotes in a file whose language is unknown
 */
export function renderTemplate(path: string, it: Record<string, unknown>): string {
  const template = templates.get(path) ?? readTemplate(path);
  templates.set(path, template);
  let text = template.before;
  for (const { name, isQuoted, after } of template.values) {
    if (!(name in it)) throw new Error(`${path}: unknown value "${name}"`);
    const value = String(it[name]);
    text += (isQuoted ? template.quote(value) : value) + after;
  }
  return text;
}

/** Splits a template at its values. ejs itself would compile it, which takes a twentieth of a start of the bin. */
function readTemplate(path: string): Template {
  const file = join(packageRoot, 'templates', `${path}.ejs`);
  const text = asRunner(() => readFileSync(file, 'utf8')).replaceAll('\r\n', '\n');
  const [before = '', ...parts] = text.split(TAG);
  const values: Value[] = [];
  for (let at = 0; at < parts.length; at += 3) {
    const [kind, name = '', after = ''] = parts.slice(at, at + 3);
    values.push({ name, isQuoted: kind === '=', after });
  }
  if ([before, ...values.map(({ after }) => after)].some((part) => part.includes('<%')))
    throw new Error(`${path}: a template can only name values, as <%= it.name %> or <%- it.name %>`);
  return { before, values, quote: LANGUAGES.find(([pattern]) => pattern.test(basename(path)))?.[1] ?? refuse(path) };
}

function refuse(template: string): (text: string) => string {
  return () => {
    throw new Error(`${template}: no quoting is known for this kind of file`);
  };
}
