import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Labels, type Merged, merge3 } from '../../generators/lib/text/merge3.ts';
import { triples } from '../support/edits.ts';
import { gitMerges } from '../support/git-merge.ts';

/** How many triples git merges too. */
const CASES = Number(process.env.MERGE_CASES ?? 1500);
const LABELS: Labels = { ours: 'yours', base: 'makina 1', theirs: 'makina 2' };
const textOf = (result: Merged) => (result.kind === 'whole' ? `whole: ${result.reason}` : result.bytes.toString());

test(`${CASES} merges are git's, byte for byte where both are clean`, {
  timeout: 60_000 + 40 * CASES,
}, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  const cases = fc.sample(triples, { seed, numRuns: CASES });
  const git = await gitMerges(cases, LABELS);
  let agreed = 0;
  let equal = 0;
  for (const [index, { base, ours, theirs }] of cases.entries()) {
    const [b, o, t] = [base, ours, theirs].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
    const result = merge3(b, o, t, LABELS);
    const oracle = git[index];
    if ((result.kind === 'clean') === oracle?.clean) agreed++;
    if (textOf(result) === oracle?.text) equal++;
    else if (result.kind === 'clean' && oracle?.clean)
      expect.fail(`SEED=${seed}: ${JSON.stringify({ ...cases[index], here: textOf(result), git: oracle.text })}`);
  }
  const clean = git.filter((result) => result.clean).length;
  console.log(`SEED=${seed}: of ${CASES}, ${clean} clean in git, ${agreed} verdicts and ${equal} texts as git's`);
  expect(agreed / CASES).toBeGreaterThanOrEqual(0.995);
  expect(clean / CASES).toBeGreaterThan(0.2);
  expect(clean / CASES).toBeLessThan(0.8);
});
