import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import { NAMED_AFTER, NAMES } from '../../generators/lib/model/nginx-variables.ts';

interface Case {
  name: string;
  answers: Intent;
  path?: string;
  message?: string;
}
/** Also what the launcher's test holds: one truth for the answers and for the override. */
const cases: Case[] = JSON.parse(readFileSync(new URL('../tables/nginx-variables.json', import.meta.url), 'utf8'));

test.each(cases)('$name', ({ answers, path, message }) => {
  const { problems = [] } = complete({ name: 'x', demo: false, ...answers });
  const sentences = problems.map((problem) => `${problem.path.join('.')} ${problem.message}`);
  if (path === undefined) expect(sentences).toEqual([]);
  else expect(sentences.filter((one) => one.startsWith(path) && one.includes(message ?? ''))).not.toEqual([]);
});

test('the launcher knows the same variables', () => {
  const path = '../../templates/runtime/launcher/settings/nginx_variables.py.ejs';
  const python = readFileSync(new URL(path, import.meta.url), 'utf8');
  expect(python.replace(/\s+/g, ' ')).toContain(`'${NAMES.join("', '")}'`);
  expect(python).toContain(`'${NAMED_AFTER.source.slice(1, -1)}'`);
});
