import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { path } from '../support/doctor.ts';
import { inOneProcess } from '../support/one-process.ts';
import { makinaImage, startMakinaImage, tempDir } from '../support/run.ts';
import { contents } from '../support/snapshot.ts';

test('runs that share a process do, print and end with what runs in processes of their own do', async () => {
  const shared = tempDir();
  const own = tempDir();
  for (const [args, env] of [
    [['new', 'demo', '--publish', '81']],
    [['new', 'demo', '--publish', 'x']],
    [['check', 'demo']],
    [['check', 'nowhere']],
    [['--version']],
    [['new', '--help'], { COLUMNS: '60', FORCE_COLOR: '1' }],
    [['diff', 'demo', '--json']],
    [['doctor', 'demo'], { PATH: path({}) }],
    [['circus-program', 'web', '--list']],
  ] as [string[], NodeJS.ProcessEnv?][]) {
    const { exitCode, stdout, stderr } = await startMakinaImage(own, args, { env: env ?? {} });
    const there = (text: unknown) => String(text).replaceAll(own, shared);
    const ended = await makinaImage(shared, args, { env: env ?? {} });
    expect({ ...ended, stderr: there(ended.stderr) }, args.join(' ')).toEqual({
      exitCode,
      stdout: there(stdout),
      stderr: there(stderr),
    });
  }
  expect(contents(join(shared, 'demo'))).toEqual(contents(join(own, 'demo')));
});

/** A bin whose bundle is a script of ours. */
function binOf(script: string): string {
  const folder = join(tempDir(), 'dist');
  mkdirSync(folder);
  writeFileSync(join(folder, 'bundle.cjs'), `((require, __dirname, load) => {${script}})`);
  return join(folder, 'makina-image.cjs');
}
const ending = (bin: string) => inOneProcess({ bin, args: [], cwd: '/', env: process.env, timeout: 3000 });
const PID = "require('node:fs').writeSync(1, String(process.pid));";

test('a run ends when nothing is left to do, and what it leaves behind reaches no other', async () => {
  const late = binOf(`${PID} process.on('exit', (code) => { process.exitCode = code + 2; });
    setTimeout(() => { process.exitCode = 3; }, 100);`);
  const first = await ending(late);
  expect(first.exitCode).toBe(5);
  expect(await ending(late)).toEqual(first);
  for (const script of ["process.on('SIGTERM', () => {});", 'process.umask(0o077);'])
    expect((await ending(binOf(`${PID} ${script}`))).stdout).not.toBe((await ending(binOf(PID))).stdout);
});

test('a run that throws, or never ends, fails by itself', async () => {
  const thrown = await ending(binOf("setImmediate(() => { throw new Error('mine'); });"));
  expect([thrown.exitCode, thrown.stderr]).toEqual([1, expect.stringContaining('mine')]);
  expect((await ending(binOf('setInterval(() => {}, 1000);'))).exitCode).toBe(undefined);
  expect((await ending(binOf(''))).exitCode).toBe(0);
});
