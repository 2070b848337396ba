import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { actionOf, change, project, run, text } from '../support/projects.ts';
import { BIN, tempDir } from '../support/run.ts';
import { contents } from '../support/snapshot.ts';

/** A project `demo` as a release wrote it, from that release's packed tarball. */
async function projectOf(release: string): Promise<string> {
  const parent = tempDir();
  const tarball = join(packageRoot, `test/fixtures/generator-makina-image-${release}.tgz`);
  await execa('tar', ['-xzf', tarball, '-C', parent]);
  symlinkSync(join(packageRoot, 'node_modules'), join(parent, 'package/node_modules'));
  const made = await run(join(parent, 'package/dist/makina-image.cjs'), parent, ['new', 'demo']);
  expect(made.code).toBe(0);
  return join(parent, 'demo');
}

describe.each(['0.1.0', '0.2.0'])('a project of %s', (release) => {
  test('without edits becomes what this version writes', async () => {
    const root = await projectOf(release);
    expect((await run(BIN, root, ['check'])).code).toBe(2);
    expect((await run(BIN, root, ['upgrade'])).code).toBe(0);
    expect(contents(root)).toEqual(contents(project()));
  });
});

test('a project of 0.2.0 keeps the edits of its owner', async () => {
  const root = await projectOf('0.2.0');
  change(root, 'README.md', (readme) => `mine\n${readme}`);
  change(root, 'project/.salt/400_circus.sls', (sls) => `${sls}# mine\n`);
  change(root, 'project/app/server.py', (server) => `# mine\n${server}`);
  const { code, report } = await run(BIN, root, ['upgrade', '--json']);
  expect([code, report.from]).toEqual([0, '0.2.0']);
  expect(actionOf(report, 'README.md')).toBe('merged');
  expect(text(root, 'README.md')).toMatch(/^mine\n/);
  expect(text(root, 'README.md')).toContain('makina-image-base:0.3');
  expect(text(root, 'project/.salt/400_circus.sls')).toMatch(/# mine\n$/);
  expect(text(root, 'project/app/server.py')).toMatch(/^# mine\n/);
});
