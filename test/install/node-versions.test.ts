import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { BIN, makinaImage, tempDir } from '../support/run.ts';
import { readTree } from '../support/tree.ts';
import { asUser, readableCheckout, userDir } from '../support/user.ts';

/** The oldest Node that `engines` names, and the newest one: since October 2026 it has long-term support. */
const TAKEN = ['20.17.0', '26'];
const REFUSED = '18';

/** A real Node of npm's package `node`, kept between runs. */
async function installNode(version: string): Promise<string> {
  const folder = join(packageRoot, '.cache/nodes', version);
  mkdirSync(folder, { recursive: true });
  const node = join(folder, 'node_modules/node/bin/node');
  const isThere = (await execa(node, ['--version'], { reject: false })).exitCode === 0;
  if (!isThere)
    await execa('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `node@${version}`]);
  return node;
}

const { checkout, remove } = readableCheckout();
afterAll(remove);

describe.each(TAKEN)('Node %s', { timeout: 180_000 }, (version) => {
  test('runs the bin, and yo makina-image: both write what this Node writes', async () => {
    const node = await installNode(version);
    const [here, byBin, byYo] = [tempDir(), tempDir(), userDir()];
    const words = ['demo', '--publish', '81'];
    await makinaImage(here, ['new', ...words]);
    const run = (cwd: string, args: string[]) => execa(node, [BIN, ...args], { cwd });
    await run(byBin, ['new', ...words]);
    // The ordinary user may not be able to read this checkout.
    const copy = join(userDir(), 'node');
    copyFileSync(node, copy);
    const [file = '', ...args] = asUser([copy, join(checkout, 'node_modules/.bin/yo'), 'makina-image', ...words]);
    await execa(file, args, { cwd: byYo, stdin: 'ignore', env: { HOME: userDir() } });
    expect(readTree(join(byBin, 'demo'))).toEqual(readTree(join(here, 'demo')));
    expect(readTree(join(byYo, 'demo'))).toEqual(readTree(join(here, 'demo')));
    await run(join(byBin, 'demo'), ['circus-program', 'worker', '--cmd', 'sleep 9']);
    expect((await run(join(byBin, 'demo'), ['check'])).stdout).toContain('in sync');
  });
});

// 7 does not start on Node 20.
test.each([
  ['20.17.0', 'yeoman-environment', '6.'],
  ['26', 'yeoman-environment', '6.'],
  ['26', 'yeoman-environment-7', '7.'],
])(
  'Node %s composes ours with another generator under %s',
  { timeout: 180_000 },
  async (version, environment, major) => {
    const node = await installNode(version);
    const dir = tempDir();
    const bin = tempDir();
    writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho "$@" > installed\n', { mode: 0o755 });
    const ours = {
      generator: 'makina-image',
      options: { name: 'shop', destination: '.', packages: ['curl'], yes: true },
    };
    const worker = { generator: 'makina-image:circus-program', args: ['worker', '--cmd', 'sleep 9'] };
    const plans = [
      { files: { 'other.txt': 'x' }, dependencies: { left: '1' }, compose: { initializing: [ours] } },
      { files: { 'second.txt': 'x' }, compose: { end: [worker] } },
    ];
    const script = join(packageRoot, 'test/support/compose.mjs');
    const { stdout } = await execa(node, [script, environment, dir, ...plans.map((plan) => JSON.stringify(plan))], {
      stdin: 'ignore',
      env: { PATH: `${bin}${delimiter}${process.env.PATH}` },
    });
    expect(stdout).toMatch(new RegExp(`environment ${major}.*Node v${version}`));
    const tree = readTree(dir);
    expect(tree).toMatchObject({ 'other.txt': 'x', 'second.txt': 'x', installed: 'install\n' });
    expect(JSON.parse(tree['.yo-rc.json'] as string)).toMatchObject({
      'generator-neighbour': { mine: 1, installed: 2, late: 3 },
      'generator-makina-image': {
        answers: { name: 'shop', packages: ['curl'], programs: { worker: { cmd: 'sleep 9' } } },
      },
    });
    expect((await makinaImage(dir, ['check'])).exitCode).toBe(0);
  },
);

// It was tried with 16 and 20.16 too.
test(`Node ${REFUSED} is refused in one sentence, and nothing is written`, {
  timeout: 180_000,
}, async () => {
  const dir = tempDir();
  const { exitCode, stderr } = await execa(await installNode(REFUSED), [BIN, 'new', 'demo', '--yes'], {
    cwd: dir,
    reject: false,
  });
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(
      /^makina-image: Node 18\.\d+\.\d+ cannot run it; use Node 20\.17\+ or 22\.13\+ or 23\.5\+, .*$/,
    ),
  ]);
  expect(readTree(dir)).toEqual({});
});
