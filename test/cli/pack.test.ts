import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { pack } from '../support/pack.ts';
import { BIN, tempDir } from '../support/run.ts';

test('the tarball holds the fronts, the templates and nothing of the workshop', async () => {
  const { paths } = await pack(tempDir());
  await expect(`${paths.sort().join('\n')}\n`).toMatchFileSnapshot('../__snapshots__/tarball.txt');
  const templates = (await execa('git', ['ls-files', 'templates'], { cwd: packageRoot })).stdout.split('\n');
  expect(paths.filter((path) => path.startsWith('templates/'))).toEqual(templates.sort());
});

test('npm publish would take it as it is', async () => {
  const { all } = await execa(
    'npm',
    ['publish', '--dry-run', '--tag', 'next', '--ignore-scripts', '--loglevel', 'notice'],
    {
      cwd: packageRoot,
      all: true,
    },
  );
  expect(all).toContain(`+ ${packageJson.name}@${packageJson.version}`);
  // npm says so where it would correct package.json.
  expect(all).not.toContain('auto-corrected');
});

test('the bin loads nothing but itself until it has to', async () => {
  const listModules =
    "process.on('exit', () => console.log(Object.keys(require.cache).join('\\n'))); require(process.argv[1])";
  const { stdout } = await execa('node', ['-e', listModules, BIN, 'new', 'demo', '--yes'], { cwd: tempDir() });
  expect(stdout.split('\n').filter((line) => /\.[cm]?js$/.test(line))).toEqual([BIN]);
});
