import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { pack } from '../support/pack.ts';
import { readTree } from '../support/tree.ts';
import { asUser, userDir } from '../support/user.ts';

/** The environment without what `npm test` puts in it: the cache and the settings are another user's. */
function npmFree(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || name === 'npm_config_registry');
  return { ...Object.fromEntries(kept), HOME: home };
}

test('from the tarball alone, npx runs yo makina-image and the bin', { timeout: 180_000 }, async () => {
  const { tarball } = await pack(userDir());
  const dir = userDir();
  const [file = '', ...args] = asUser([
    ...['npx', '--yes', '-p', `yo@${packageJson.devDependencies.yo}`, '-p', tarball, '-c'],
    'yo makina-image byyo && makina-image new bybin --yes',
  ]);
  const { exitCode, all } = await execa(file, args, {
    cwd: dir,
    reject: false,
    all: true,
    stdin: 'ignore',
    extendEnv: false,
    env: npmFree(userDir()),
  });
  expect([exitCode, all]).toEqual([0, expect.stringContaining('files written')]);
  // Bases are named after their content, and that after the project.
  const paths = (name: string) => Object.keys(readTree(join(dir, name))).filter((path) => !path.includes('/base/'));
  expect(paths('byyo')).toEqual(paths('bybin'));
});
