import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { doctor } from '../support/doctor.ts';
import { git, project, repository, run } from '../support/projects.ts';
import { BIN, tempDir } from '../support/run.ts';

const SAMPLE = 'project/.salt/PILLAR.sample';

/** A clone of the repository that holds a project. */
async function clone(top: string, ...options: string[]): Promise<string> {
  const copy = join(tempDir(), 'clone');
  await git('/', 'clone', '--quiet', ...options, `file://${top}`, copy);
  return copy;
}

/** A project in a folder of a repository that ignores some names. */
async function ignoring(...patterns: string[]): Promise<string> {
  const root = project();
  writeFileSync(join(root, '../.gitignore'), patterns.join('\n'));
  await repository(dirname(root));
  return root;
}

test('what git ignored and never had is named in a clone, and an upgrade writes it', async () => {
  const root = await ignoring('*.sample', '_modules/');
  expect((await run(BIN, root, ['check'])).code).toBe(0);
  const copy = join(await clone(dirname(root)), 'demo');
  const { code, stdout } = await run(BIN, copy, ['check']);
  expect([code, stdout]).toEqual([
    2,
    expect.stringContaining(`create ${SAMPLE}: git ignores it, and has never had it\n`),
  ]);
  expect(stdout).toContain('project/.salt/_modules/mc_launcher.py');
  const { of } = await doctor(copy);
  expect(of('deleted')).toMatchObject({
    level: 'warning',
    what: expect.stringContaining('missing, since git ignores them and has never had them'),
    fix: expect.stringContaining(SAMPLE),
  });
  expect((await run(BIN, copy, ['upgrade'])).code).toBe(0);
  expect((await run(BIN, copy, ['check'])).code).toBe(0);
  expect(existsSync(join(copy, SAMPLE))).toBe(true);
  expect(await git(copy, 'status', '--porcelain')).toBe('');
});

test('also where project/ is a repository of its own', async () => {
  const root = project();
  writeFileSync(join(root, 'project/.gitignore'), '*.sample\n');
  await repository(join(root, 'project'));
  await repository(root);
  rmSync(join(root, SAMPLE));
  expect((await run(BIN, root, ['check'])).stdout).toContain(SAMPLE);
});

test('what its owner deleted stays deleted, whatever is ignored', async () => {
  const root = await repository(project());
  rmSync(join(root, SAMPLE));
  rmSync(join(root, 'README.md'));
  appendFileSync(join(root, '.gitignore'), '*.sample\n');
  await git(root, 'commit', '--quiet', '--all', '--message', 'deleted');
  for (const folder of [root, await clone(root), await clone(root, '--depth=1')]) {
    const { code, stdout } = await run(BIN, folder, ['check']);
    expect([code, stdout]).toEqual([0, expect.not.stringMatching(/PILLAR|README/)]);
    expect((await doctor(folder)).of('deleted')?.what).toContain('you deleted');
  }
});

test.each<[string, (root: string) => Promise<unknown> | unknown]>([
  ['no commit', (root) => git(root, 'init', '--quiet')],
  [
    'a project that is not in the commit',
    async (root) => {
      await git(root, 'init', '--quiet');
      await git(root, 'add', 'README.md');
      await git(root, 'commit', '--quiet', '--message', 'one');
    },
  ],
  [
    'a broken repository',
    async (root) => {
      await repository(root);
      writeFileSync(join(root, '.git/config'), '[core');
    },
  ],
  ['no repository', () => undefined],
])('a missing file is not reported, with %s', async (_, prepare) => {
  const root = project();
  appendFileSync(join(root, '.gitignore'), '*.sample\n');
  await prepare(root);
  rmSync(join(root, SAMPLE));
  const { code, stdout } = await run(BIN, root, ['check']);
  expect([code, stdout]).toEqual([0, expect.not.stringContaining('PILLAR')]);
});

test('doctor names files that you write yourself too, and check leaves them alone', async () => {
  const root = await ignoring('pillar/', 'custom.sls');
  expect((await doctor(root)).bad.filter(({ id }) => id === 'git')).toHaveLength(2);
  const copy = join(await clone(dirname(root)), 'demo');
  expect((await run(BIN, copy, ['check'])).code).toBe(0);
  const { bad, of } = await doctor(copy);
  expect(bad.map(({ id }) => id)).not.toContain('git');
  expect(of('deleted')?.fix).toMatch(/makina-image restore \S+custom\.sls \S+pillar\/init\.sls/);
  for (const path of ['custom.sls', 'pillar/init.sls']) await run(BIN, copy, ['restore', path]);
  expect((await doctor(copy)).of('deleted')?.level).toBe('ok');
});
