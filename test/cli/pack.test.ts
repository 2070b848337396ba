import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { BIN, tempDir } from '../support/run.ts';
import { readTree } from '../support/tree.ts';
import { asUser, userDir } from '../support/user.ts';

async function pack(destination: string) {
  const { stdout } = await execa('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', destination], {
    cwd: packageRoot,
  });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(destination, filename), paths: files.map(({ path }) => path) };
}

/** The environment without what `npm test` puts in it: the cache and the settings are another user's. */
function npmFree(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || name === 'npm_config_registry');
  return { ...Object.fromEntries(kept), HOME: home };
}

const work = mkdtempSync(join(tmpdir(), 'makina-image-pack-'));
let packed: Awaited<ReturnType<typeof pack>>;
beforeAll(async () => {
  // An ordinary user reads it, too.
  chmodSync(work, 0o755);
  packed = await pack(work);
});
afterAll(() => rmSync(work, { recursive: true }));

test('the tarball holds the fronts, the templates and nothing of the workshop', async () => {
  const { paths } = packed;
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

test('from the tarball alone, npx runs yo makina-image and the bin', { timeout: 180_000 }, async () => {
  const { tarball } = packed;
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

test('the bin loads nothing but itself until it has to', async () => {
  const listModules =
    "process.on('exit', () => console.log(Object.keys(require.cache).join('\\n'))); require(process.argv[1])";
  const { stdout } = await execa('node', ['-e', listModules, BIN, 'new', 'demo', '--yes'], { cwd: tempDir() });
  expect(stdout.split('\n').filter((line) => /\.[cm]?js$/.test(line))).toEqual([BIN]);
});
