// `npm run docs:model`: writes every file of this repository that is made from the model.
import { writeFileSync } from 'node:fs';
import { publishedFiles } from '../dist/docs/published.js';

for (const [path, text] of Object.entries(publishedFiles()))
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
