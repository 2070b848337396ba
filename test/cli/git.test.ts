import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { change, git, newer, project, repository, run, text } from '../support/projects.ts';
import { stamps } from '../support/snapshot.ts';

describe('in a git repository', () => {
  const mine = (root: string) => change(root, 'README.md', (readme) => `mine\n${readme}`);
  test('merges into what is committed, and leaves index, branches and commits alone', async () => {
    const root = project();
    mine(root);
    await repository(root);
    const state = async () => [
      await git(root, 'rev-parse', 'HEAD'),
      await git(root, 'diff', '--cached', '--name-only'),
      await git(root, 'branch', '--list'),
    ];
    const before = await state();
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect(text(root, 'README.md')).toMatch(/^mine\n[\s\S]*News of 9.0.0\n$/);
    expect(await state()).toEqual(before);
  });
  test.each<[string, (root: string) => Promise<unknown> | unknown]>([
    ['dirty', async (root) => mine(await repository(root))],
    [
      'staged',
      async (root) => {
        mine(await repository(root));
        await git(root, 'add', 'README.md');
      },
    ],
    [
      'untracked',
      async (root) => {
        await repository(root);
        await git(root, 'rm', '--quiet', '--cached', 'README.md');
        mine(root);
      },
    ],
    [
      'ignored',
      async (root) => {
        appendFileSync(join(root, '.gitignore'), 'README.md\n');
        mine(root);
        await repository(root);
      },
    ],
    [
      'in an ignored folder',
      async (root) => {
        writeFileSync(join(root, '../.gitignore'), 'demo/\n');
        mine(root);
        await repository(join(root, '..'));
      },
    ],
    [
      'of a folder of the repository',
      async (root) => {
        await repository(join(root, '..'));
        mine(root);
      },
    ],
  ])('refuses to merge into what is %s', async (_, prepare) => {
    const root = project();
    await prepare(root);
    const before = stamps(root);
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, report.error]).toEqual([
      1,
      expect.stringContaining('your edits of README.md, which would be merged'),
    ]);
    expect(stamps(root)).toEqual(before);
    expect((await run(newer, root, ['check'])).code).toBe(2);
    expect((await run(newer, root, ['upgrade', '--dry-run'])).code).toBe(0);
    expect((await run(newer, root, ['upgrade', '--allow-dirty'])).code).toBe(0);
    expect(text(root, 'README.md')).toMatch(/^mine\n[\s\S]*News of 9.0.0\n$/);
  });
  test.each([
    ['assume-unchanged', ['update-index', '--assume-unchanged', 'README.md']],
    ['skip-worktree', ['update-index', '--skip-worktree', 'README.md']],
  ])('refuses to merge if git is set to ignore changes: %s', async (_, words) => {
    const root = await repository();
    await git(root, ...words);
    mine(root);
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, report.error]).toEqual([
      1,
      expect.stringContaining('your edits of README.md, which would be merged'),
    ]);
  });
  test('refuses to merge into what a submodule does not have', async () => {
    const root = project();
    await repository(join(root, 'project'));
    await repository(root);
    appendFileSync(join(root, 'project/launch.sh'), '# mine\n');
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, report.error]).toEqual([
      1,
      expect.stringContaining('your edits of project/launch.sh, which would be'),
    ]);
    await git(join(root, 'project'), 'commit', '--quiet', '--all', '--message', 'mine');
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
  });
  test('refuses to merge if git cannot say what it has', async () => {
    const root = await repository();
    mine(root);
    writeFileSync(join(root, '.git/config'), '[core');
    const before = stamps(root);
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, report.error]).toEqual([
      1,
      expect.stringMatching(
        /git cannot tell what it has committed \(fatal: bad config .*\); fix that, or use --allow-dirty$/,
      ),
    ]);
    expect(stamps(root)).toEqual(before);
    expect((await run(newer, root, ['upgrade', '--allow-dirty'])).code).toBe(0);
  });
  test('an edit of a file that is not merged stops nothing', async () => {
    const root = await repository();
    appendFileSync(join(root, 'project/.salt/fixperms.sls'), '# mine\n');
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'sub/README.md'), 'untracked\n');
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
  });
});
