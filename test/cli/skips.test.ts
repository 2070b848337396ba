import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test, vi } from 'vitest';
import { createReport } from '../e2e/report.mjs';
import { tempDir } from '../support/run.ts';

describe('a group of the end-to-end tests that cannot be run here', () => {
  test.each([
    [false, 0, '1 passed, 0 failed, 1 skipped'],
    [true, 1, '1 passed, 1 failed, 0 skipped'],
  ])('is a failure if nothing may be skipped: %j', async (strict, code, line) => {
    const said: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((text) => said.push(text));
    const { step, skip, summary } = createReport(new AbortController().signal, strict);
    await step('one', async () => {});
    await skip('docs', 'no engine');
    expect(summary()).toBe(code);
    log.mockRestore();
    expect([said.at(-1), said.join('\n')]).toEqual([line, expect.stringMatching(/docs.*no engine/s)]);
  });
});

test('the whole proof ends with what passed, failed and was skipped in each kind of suite', async () => {
  const proof = readFileSync(join(import.meta.dirname, '../../.ci/run'), 'utf8');
  const results = join(tempDir(), 'results');
  const lines = [
    '12 passed, 1 failed, 2 skipped',
    '== 3 passed, 4 skipped in 1.0s ==',
    '5 skipped in 0.1s',
    '9 passed, 0 failed',
  ];
  writeFileSync(results, `${lines.join('\n')}\nx7 passed\n  8 failed\n`);
  const script = `results=$1\n${proof.slice(proof.indexOf('plain='))}`;
  const { stdout } = await execa('bash', ['-euc', script, 'bash', results]);
  expect(stdout).toBe('24 passed, 1 failed, 11 skipped');
});
