import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { git } from '../support/projects.ts';
import { tempDir } from '../support/run.ts';

test('real merges are compared with git’s', async () => {
  const root = join(tempDir(), 'real');
  await git('/', 'init', '--quiet', root);
  const commit = async (files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
    await git(root, 'add', '--all');
    await git(root, 'commit', '--quiet', '--message', 'x');
  };
  const lines = Array.from({ length: 20 }, (_, index) => `${index}\n`).join('');
  await commit({ clean: lines, clash: lines, 'one side': lines, binary: '\0', 'a name\twith a tab': lines });
  await git(root, 'branch', 'other');
  await commit({ clean: `a${lines}`, clash: `a${lines}`, binary: '\0a', 'a name\twith a tab': `${lines}a` });
  await git(root, 'checkout', '--quiet', 'other');
  const theirs = { clean: `${lines}b`, clash: `b${lines}`, 'one side': `b${lines}`, binary: '\0b' };
  await commit({ ...theirs, 'a name\twith a tab': `b${lines}` });
  await git(root, 'merge', '--quiet', '--strategy=ours', '--message', 'merged', 'main');
  const script = join(packageRoot, 'test/bench/merges.mjs');
  const { stdout } = await execa('node', [script, root]);
  expect(stdout.split('\n').at(-1)).toBe('| real | 1 | 4 | 2 | 1 (1) | 1 | 0 | 0 |');
  expect((await execa('node', [script], { reject: false })).exitCode).toBe(1);
});
