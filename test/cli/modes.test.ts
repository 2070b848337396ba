import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { describe, expect, test } from 'vitest';
import { recover } from '../../generators/lib/apply/transaction.ts';
import { sha256Of } from '../../generators/lib/sha256.ts';
import { doctor } from '../support/doctor.ts';
import { actionOf, change, git, newer, project, repository, run, text } from '../support/projects.ts';
import { BIN, tempDir } from '../support/run.ts';

const LAUNCHER = 'project/launch.sh';

describe('git has modes of its own', () => {
  test('a script that git has without its exec bit is found, and the advice fixes it', async () => {
    const root = project();
    await git(root, 'init', '--quiet');
    await git(root, 'config', 'core.fileMode', 'false');
    await git(root, 'add', '--all');
    await git(root, 'commit', '--quiet', '--message', 'all');
    const { exitCode, of } = await doctor(root);
    expect([exitCode, of('executable')]).toEqual([
      0,
      {
        id: 'executable',
        level: 'warning',
        what: 'git has it without its exec bit, so an image that is built from a clone cannot start',
        where: join(root, LAUNCHER),
        fix: `git -C ${root}/project update-index --chmod=+x launch.sh, then commit it`,
      },
    ]);
    await execa('sh', ['-c', of('executable')?.fix?.replace(', then commit it', '') as string], { cwd: '/' });
    expect((await doctor(root)).of('executable')?.level).toBe('ok');
  });

  test('also where project/ is a repository of its own, or the project is below the top of one', async () => {
    const inner = await repository(project());
    const sub = join(inner, 'project');
    await repository(sub);
    await git(sub, 'update-index', '--chmod=-x', 'launch.sh');
    expect((await doctor(inner)).of('executable')?.fix).toContain(
      `git -C ${sub} update-index --chmod=+x launch.sh, then`,
    );
    const below = project();
    await repository(join(below, '..'));
    await git(below, 'update-index', '--chmod=-x', LAUNCHER);
    expect((await doctor(below)).of('executable')?.fix).toContain(
      `git -C ${below}/project update-index --chmod=+x launch.sh`,
    );
  });

  test('a script without its exec bit on the disk as well is fixed in both', async () => {
    const root = project();
    chmodSync(join(root, LAUNCHER), 0o644);
    expect((await doctor(root)).of('executable')).toMatchObject({
      level: 'error',
      fix: `chmod +x ${root}/${LAUNCHER}`,
    });
    await repository(root);
    expect((await doctor(root)).of('executable')).toMatchObject({
      level: 'error',
      fix: `chmod +x ${root}/${LAUNCHER}, and in git: git -C ${root}/project update-index --chmod=+x launch.sh`,
    });
  });
});

/** What a disk without modes makes of all files. */
const DISKS = [
  ['everything', 'a+x'],
  ['nothing', 'a-x'],
] as const;

describe.each(DISKS)('on a disk that takes %s for executable', (_, mode) => {
  const flatten = (root: string) => execaSync('find', [root, '-type', 'f', '-exec', 'chmod', mode, '{}', '+']);

  test('an upgrade finds no edits, and ends', async () => {
    const root = project();
    // Nothing is committed, so that an edit would be refused.
    await git(root, 'init', '--quiet');
    flatten(root);
    expect((await run(BIN, root, ['check'])).code).toBe(0);
    const upgraded = await run(newer, root, ['upgrade', '--json']);
    expect([upgraded.code, actionOf(upgraded.report, LAUNCHER)]).toEqual([0, 'updated']);
    expect(upgraded.report.files.filter(({ action }) => ['conflict', 'merged'].includes(action))).toEqual([]);
    for (const words of [['check'], ['upgrade', '--detailed-exitcode']]) {
      flatten(root);
      expect((await run(newer, root, words)).code).toBe(0);
    }
  });

  test('a project that lost its manifest is taken for what it is', async () => {
    const root = project();
    flatten(root);
    execaSync('rm', ['-r', join(root, '.makina-image')]);
    const { code, report } = await run(BIN, root, ['upgrade', '--json']);
    expect([code, report.files.filter(({ action }) => action === 'conflict')]).toEqual([0, []]);
  });

  test('an edit of the owner is merged, and the mode stays', async () => {
    const root = project();
    change(root, 'README.md', (readme) => `mine\n${readme}`);
    flatten(root);
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect(text(root, 'README.md')).toMatch(/^mine\n[\s\S]*News of 9.0.0\n$/);
    expect((statSync(join(root, 'README.md')).mode & 0o100) !== 0).toBe(mode === 'a+x');
  });

  test('a run that was cut short is taken back', () => {
    const root = tempDir();
    mkdirSync(join(root, '.makina-image/tx'), { recursive: true });
    const state = (bytes: string, x = '') => sha256Of(Buffer.from(bytes)) + x;
    const put = (path: string, bytes: string) => writeFileSync(join(root, path), bytes, { mode: 0o644 });
    put('plain', 'new');
    put('script', 'new');
    put('last', 'old');
    for (const index of [0, 1]) put(`.makina-image/tx/old-${index}`, 'old');
    put('.makina-image/tx/2', 'new');
    flatten(root);
    const kept = mode === 'a+x' ? '*' : '';
    const step = (path: string, x: string) => ({
      kind: 'write',
      path,
      before: state('old', kept),
      after: state('new', x),
    });
    const steps = [step('plain', ''), step('script', '*'), step('last', '')];
    put('.makina-image/tx/journal.json', JSON.stringify({ version: 1, steps }));
    expect(recover(root)).toBe('rolled back');
    for (const path of ['plain', 'script', 'last']) expect(readFileSync(join(root, path), 'utf8')).toBe('old');
  });
});
