// `npm run docs:diagram`: draws docs/architecture.svg from docs/architecture.dot, with Graphviz as WebAssembly.
import { readFileSync, writeFileSync } from 'node:fs';
import { instance } from '@viz-js/viz';

const source = new URL('architecture.dot', import.meta.url);
const viz = await instance();

/** The text of docs/architecture.svg as its source gives it. */
export const svg = `${viz.renderString(readFileSync(source, 'utf8'), { format: 'svg' }).trimEnd()}\n`;

if (process.argv[1] === new URL(import.meta.url).pathname)
  writeFileSync(new URL('architecture.svg', import.meta.url), svg);
