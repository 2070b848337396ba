import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ejs from 'ejs';
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

type Fill = (it: Record<string, unknown>) => string;

/** Over many projects, reading and compiling a template anew for each takes most of the time. */
const fills = new Map<string, Fill>();

/**
 * Renders one template of the package. In it `<%= it.name %>` quotes for the language of the file that comes out, and
 * `<%- it.name %>` is left for values whose schema is an identifier.
 * @param template path below templates/, without the `.ejs`
 * @param it the values a template may name; naming another one is an error
 * @throws when the template names an unknown value, or quotes in a file whose language is unknown
 */
export function renderTemplate(template: string, it: Record<string, unknown>): string {
  const fill = fills.get(template) ?? compile(template);
  fills.set(template, fill);
  return fill(it);
}

function compile(template: string): Fill {
  const file = join(packageRoot, 'templates', `${template}.ejs`);
  const text = asRunner(() => readFileSync(file, 'utf8')).replaceAll('\r\n', '\n');
  // ejs takes longer to find that there is nothing to do.
  if (!text.includes('<%') && !text.includes('%%>')) return () => text;
  const quoteFor = LANGUAGES.find(([pattern]) => pattern.test(basename(template)))?.[1] ?? refuse(template);
  const options = {
    escape: (value: unknown) => quoteFor(String(value)),
    strict: true,
    // Without what only a fault in a template needs, each takes half the time to compile.
    compileDebug: false,
    _with: false,
    destructuredLocals: ['it'],
  };
  const fill = ejs.compile(text, { ...options, filename: template });
  return (it) => fill({ it: refuseUnknown(template, it) });
}

function refuseUnknown(template: string, it: Record<string, unknown>): Record<string, unknown> {
  return new Proxy(it, {
    get(values, key) {
      if (typeof key === 'string' && !(key in values)) throw new Error(`${template}: unknown value "${key}"`);
      return values[key as string];
    },
  });
}

function refuse(template: string): (text: string) => string {
  return () => {
    throw new Error(`${template}: no quoting is known for this kind of file`);
  };
}
