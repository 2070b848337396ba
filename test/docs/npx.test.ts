import { execaSync } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';

/** npx fetches and runs what it does not find, and no one has registered our names: with `--no` it only looks in the checkout. */
const FETCHES = 'npx\\b(?! --no (makina-image|yo)\\b)';

test.each([
  ['pages', ['README.md', 'CHANGELOG.md', 'docs'], FETCHES],
  ['what comes out', ['templates'], '\\bnpx\\b|\\bnpm (install|i|exec|x)\\b'],
  ['what is printed', ['generators/lib', 'generators/bin', 'generators/yeoman'], FETCHES],
])('%s: nothing says to fetch a name that is not ours', (_, paths, pattern) => {
  const { stdout, exitCode } = execaSync('git', ['grep', '--untracked', '-nP', pattern, '--', ...paths], {
    cwd: packageRoot,
    reject: false,
  });
  expect([exitCode, stdout]).toEqual([1, '']);
});
