import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { clash, git, newer, project, repository, run, text } from '../support/projects.ts';
import { packed } from '../support/registry.ts';
import { BIN, onTerminal, tempDir } from '../support/run.ts';

const SOURCE = ['--ci-source', '@acme/generator'];
/** What doctor finds of CI. */
async function told(root: string) {
  const { stdout } = await run(BIN, root, ['doctor']);
  return stdout.split('\n').filter((line, at, all) => / ci: /.test(line) || / ci: /.test(all[at - 1] ?? ''));
}

/** A repository with two projects in folders of their own. */
async function several() {
  const top = join(tempDir(), 'it is mine');
  mkdirSync(join(top, 'services'), { recursive: true });
  await git(top, 'init', '--quiet');
  const [shop, mail] = ['shop', 'mail'].map((name) => project(name, join(top, 'services'))) as [string, string];
  return { top, shop, mail };
}

test('github: ci says where the workflow of a project below the top belongs, and doctor checks that', async () => {
  const { top, shop, mail } = await several();
  const { code, stdout } = await run(BIN, shop, ['ci', 'github', ...SOURCE]);
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining('GitHub reads workflows only at the top of the repository'),
  ]);
  const copies = stdout.trimEnd().split('\n').slice(-2);
  expect(await told(shop)).toEqual(
    copies.flatMap((copy) => [
      expect.stringContaining('so it does not run this one'),
      copy.replace(/^ */, ' '.repeat(9)),
    ]),
  );
  await execa('sh', ['-ec', copies.join('\n')], { cwd: tempDir() });
  expect((await told(shop))[0]).toMatch(/^ok /);
  expect(text(top, '.github/workflows/image-services--shop.yml')).toContain('path: services/shop/.makina-image-built/');
  const workflow = join(top, '.github/workflows/makina-image-services--shop.yml');
  expect(readFileSync(workflow, 'utf8')).toContain('run: node services/shop/.ci/makina-image/prepare.mjs');
  writeFileSync(workflow, 'name: old\n');
  expect((await told(shop))[0]).toContain('differs from the workflow of the project');
  await run(BIN, mail, ['ci', 'github', ...SOURCE]);
  const [one, other] = [shop, mail].map((root) => text(root, '.github/workflows/makina-image.yml')) as [string, string];
  expect(/^name: .*/m.exec(one)?.[0]).not.toBe(/^name: .*/m.exec(other)?.[0]);
});

test('gitlab: doctor warns until the file at the top includes that of the project', async () => {
  const { top, shop } = await several();
  const { stdout } = await run(BIN, shop, ['ci', 'gitlab', ...SOURCE]);
  expect(stdout).toContain(
    '\n  - local: services/shop/.gitlab/makina-image.yml\n  - local: services/shop/.gitlab/image.yml',
  );
  expect((await told(shop))[0]).toContain('.gitlab-ci.yml is not there, so GitLab runs none of its jobs');
  writeFileSync(join(top, '.gitlab-ci.yml'), 'include:\n  - local: .gitlab/makina-image.yml\n');
  expect((await told(shop))[0]).toContain('does not name services/shop/.gitlab/makina-image.yml');
  const includes = ['makina-image', 'image'].map((name) => `  - local: services/shop/.gitlab/${name}.yml\n`);
  writeFileSync(join(top, '.gitlab-ci.yml'), `include:\n${includes[0]}`);
  expect((await told(shop))[0]).toContain('does not name services/shop/.gitlab/image.yml');
  writeFileSync(join(top, '.gitlab-ci.yml'), `include:\n${includes.join('')}`);
  expect((await told(shop))[0]).toMatch(/^ok /);
  writeFileSync(join(top, '.gitlab-ci.yml'), `include:\n${includes[0]}`);
  rmSync(join(shop, '.gitlab/image.yml'));
  expect((await told(shop))[0]).toMatch(/^ok /);
  expect(text(shop, '.gitlab/makina-image.yml')).toContain('- node services/shop/.ci/makina-image/prepare.mjs');
});

test('doctor says to run ci again after a project moved, and ci refuses a folder that a script cannot name', async () => {
  const { top, shop } = await several();
  await run(BIN, shop, ['ci', 'gitlab', ...SOURCE]);
  rmSync(join(top, '.git'), { recursive: true });
  await git(join(top, 'services'), 'init', '--quiet');
  expect(await told(shop)).toContainEqual(
    expect.stringContaining('look for the project in services/shop, and it is in shop of'),
  );
  await run(BIN, shop, ['ci', 'gitlab']);
  expect(text(shop, '.yo-rc.json')).toContain('"ci_folder": "shop"');
  rmSync(join(top, 'services/.git'), { recursive: true });
  await git(shop, 'init', '--quiet');
  await run(BIN, shop, ['ci', 'gitlab']);
  expect(text(shop, '.gitlab/makina-image.yml')).toContain('- node ./.ci/makina-image/prepare.mjs');
  rmSync(join(shop, '.git'), { recursive: true });
  await git(join(top, '..'), 'init', '--quiet');
  const { code, stderr } = await run(BIN, shop, ['ci', 'gitlab']);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^makina-image: CI cannot work in it is mine\/services\/shop of .*; rename them, or /),
  ]);
});

test('ci reports a missing source, and keeps one that is there', async () => {
  const root = project();
  const { code, stdout } = await run(BIN, root, ['ci', 'github']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('until it knows where the generator comes from')]);
  expect(await told(root)).toEqual([
    expect.stringContaining('no answer says where'),
    expect.stringContaining('--ci-source'),
  ]);
  await run(BIN, root, ['ci', 'github', ...SOURCE]);
  expect((await run(BIN, root, ['ci', 'gitlab'])).stdout).not.toContain('until it knows');
  expect(text(root, '.ci/makina-image/common.mjs')).toContain('SOURCE = "@acme/generator"');
  const refused = await run(BIN, root, ['ci', 'github', '--ci-source', 'generator-makina-image']);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('ci_source must be @scope/name')]);
});

test('on a terminal ci asks where the generator comes from, until the answer can be used', async () => {
  const root = project();
  const typed = await onTerminal(
    root,
    ['node', BIN, 'ci', 'github'],
    [
      ['take the generator from', 'generator-makina-image\r'],
      ['must be @scope/name', `${'\x7f'.repeat(30)}@acme/generator\r`],
    ],
  );
  expect([typed.exitCode, typed.stdout]).toEqual([0, expect.not.stringContaining('until it knows')]);
  expect(text(root, '.yo-rc.json')).toContain('"ci_source": "@acme/generator"');
});

test('check and diff look at all projects of a repository; upgrade wants their names', async () => {
  const { top } = await several();
  mkdirSync(join(top, 'node_modules/x'), { recursive: true });
  project('demo', join(top, 'node_modules/x'));
  symlinkSync('services', join(top, 'link'));
  const { code, stdout } = await run(newer, top, ['check']);
  expect([code, stdout.match(/: would change$/gm)]).toEqual([2, [': would change', ': would change']]);
  expect((await run(newer, join(top, 'services'), ['diff', '--stat'])).code).toBe(2);
  expect((await run(newer, top, ['upgrade'])).code).toBe(1);
  rmSync(join(top, '.git'), { recursive: true });
  expect((await run(newer, top, ['check'])).code).toBe(1);
});

test('check, diff and upgrade of the packed generator need no other package', async () => {
  const work = mkdtempSync('/tmp/makina-image-alone-');
  onTestFinished(() => rmSync(work, { recursive: true }));
  const root = await repository();
  clash(root);
  await git(root, 'commit', '--quiet', '--all', '--message', 'Mine');
  packed(join(newer, '../..'), '9.0.0', work);
  const alone = join(work, 'package/dist/makina-image.cjs');
  expect(existsSync(join(work, 'package/node_modules'))).toBe(false);
  copyFileSync(join(packageRoot, 'package.json'), join(root, 'package.json'));
  for (const [args, code] of [
    [['check'], 3],
    [['diff'], 3],
    [['upgrade', '--conflict=markers'], 3],
  ] as const)
    expect([args, await run(alone, root, [...args])]).toEqual([args, expect.objectContaining({ code, stderr: '' })]);
  expect(text(root, 'README.md')).toContain('News of 9.0.0');
});
