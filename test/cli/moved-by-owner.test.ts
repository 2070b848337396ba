import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { actionOf, change, git, newer, project, repository, run, text } from '../support/projects.ts';
import { BIN } from '../support/run.ts';

test.each([
  'with git',
  'without git',
])('a file that its owner renamed, %s, is reported and does not come back', async (how) => {
  const root = how === 'with git' ? await repository() : project();
  change(root, 'compose.yaml', (compose) => `# mine\n${compose}`);
  if (how === 'with git') {
    await git(root, 'mv', 'compose.yaml', 'docker-compose.yml');
    await git(root, 'commit', '--quiet', '--all', '--message', 'mine');
  } else renameSync(join(root, 'compose.yaml'), join(root, 'docker-compose.yml'));
  const moved = text(root, 'docker-compose.yml');
  expect((await run(BIN, root, ['check'])).code).toBe(0);
  expect((await run(newer, root, ['check'])).stdout).toContain('deleted-by-user compose.yaml');
  for (const mode of ['abort', 'theirs']) {
    const { code, report } = await run(newer, root, ['upgrade', `--conflict=${mode}`, '--json']);
    expect([code, actionOf(report, 'compose.yaml')]).toEqual([0, 'deleted-by-user template-changed']);
    expect([existsSync(join(root, 'compose.yaml')), text(root, 'docker-compose.yml')]).toEqual([false, moved]);
  }
  expect((await run(newer, root, ['new', '--yes', '--publish', '9000'])).code).toBe(0);
  expect(existsSync(join(root, 'compose.yaml'))).toBe(false);
  expect((await run(newer, root, ['restore', 'compose.yaml'])).code).toBe(0);
  expect(text(root, 'compose.yaml')).toContain('9000:80');
});
