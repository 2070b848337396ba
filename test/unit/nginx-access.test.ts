import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';

interface Case {
  name: string;
  vhosts: Intent;
  path?: string;
  message?: string;
}
/** Also what the launcher's test holds: one truth for the answers and for the override. */
const cases: Case[] = JSON.parse(readFileSync(new URL('../fixtures/nginx-access.json', import.meta.url), 'utf8'));

test.each(cases)('$name', ({ vhosts, path, message }) => {
  const { problems = [] } = complete({ name: 'x', demo: false, vhosts });
  const sentences = problems.map((problem) => `${problem.path.join('.')} ${problem.message}`);
  if (path === undefined) expect(sentences).toEqual([]);
  else expect(sentences.filter((one) => one.startsWith(`${path} `) && one.includes(message ?? ''))).not.toEqual([]);
});
