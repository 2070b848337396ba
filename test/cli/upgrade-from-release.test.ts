import { describe, expect, test } from 'vitest';
import { minorVersion, version } from '../../generators/lib/package.ts';
import { actionOf, change, project, run, text } from '../support/projects.ts';
import { projectOf } from '../support/releases.ts';
import { BIN } from '../support/run.ts';
import { contents } from '../support/snapshot.ts';

describe.each(['0.1.0', '0.2.0', '0.3.0'])('a project of %s', (release) => {
  test('without edits becomes what this version writes', async () => {
    const root = await projectOf(release);
    expect((await run(BIN, root, ['check'])).code).toBe(release === version ? 0 : 2);
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
  expect(text(root, 'README.md')).toContain(`makina-image-base:${minorVersion}`);
  expect(text(root, 'project/.salt/400_circus.sls')).toMatch(/# mine\n$/);
  expect(text(root, 'project/app/server.py')).toMatch(/^# mine\n/);
});
