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

describe('the whole proof', () => {
  const proof = readFileSync(join(import.meta.dirname, '../../.ci/run'), 'utf8');
  const ended = (script: string, logs: string) =>
    execa('bash', ['--norc', '-euo', 'pipefail', '-c', script.replaceAll('.cache/logs', logs)], { reject: false });

  test('ends with what passed, failed and was skipped in each kind of suite', async () => {
    const logs = tempDir();
    writeFileSync(join(logs, 'tests'), '12 passed, 1 failed, 2 skipped\nx7 passed\n  8 failed\n');
    const lines = ['== 3 passed, 4 skipped in 1.0s ==', '5 skipped in 0.1s', '9 passed, 0 failed'];
    writeFileSync(join(logs, 'of Salt'), `${lines.join('\n')}\n`);
    const { stdout } = await ended(`logs=${logs}\n${proof.slice(proof.indexOf('plain='))}`, logs);
    expect(stdout).toBe('24 passed, 1 failed, 11 skipped');
  });

  test('shows each log whole, and fails if one of the steps beside one another or alone does', async () => {
    const logs = tempDir();
    const functions = proof.slice(proof.indexOf('logs='), proof.indexOf('install_tools()'));
    const steps = (commands: string) =>
      ended(
        `${functions}slow() { echo 1; sleep 0.3; echo 2; }\nbad() { false; echo never; }\n${commands}\necho end`,
        logs,
      );
    const slow = ['=== a b', '1', '2', '=== a b took N s'];
    const told = (stdout: unknown) =>
      String(stdout)
        .replaceAll(/took \d+/g, 'took N')
        .split('\n');
    const good = await steps("beside 'a b' slow; beside c echo 3; together; step d echo 4");
    const rest = ['=== c', '3', '=== c took N s', '=== d', '4', '=== d took N s', 'end'];
    expect([good.exitCode, told(good.stdout)]).toEqual([0, [...slow, ...rest]]);
    const bad = await steps("beside c bad; beside 'a b' slow; together");
    expect([bad.exitCode, told(bad.stdout), bad.stderr]).toEqual([
      1,
      ['=== c', '=== c took N s', ...slow],
      'failed: c',
    ]);
    const alone = await steps('step c bad');
    expect([alone.exitCode, told(alone.stdout)]).toEqual([1, ['=== c']]);
  });
});
