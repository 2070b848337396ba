import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { actionOf, change, project, run } from '../support/projects.ts';
import { BIN } from '../support/run.ts';

describe('ci', () => {
  const WORKFLOW = { github: '.github/workflows/makina-image.yml', gitlab: '.gitlab/makina-image.yml' };
  test('is found from a folder inside the project, as check finds it', async () => {
    const root = project();
    const inside = join(root, 'project');
    expect((await run(BIN, inside, ['ci', 'gitlab'])).code).toBe(0);
    expect(existsSync(join(root, WORKFLOW.gitlab))).toBe(true);
    const { code, stdout } = await run(BIN, inside, ['check']);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`${root}: in sync`)]);
  });
  test('its file goes when the answer goes, and stays when it was edited', async () => {
    const root = project();
    await run(BIN, root, ['ci', 'github', 'gitlab']);
    appendFileSync(join(root, WORKFLOW.gitlab), '# mine\n');
    change(root, '.yo-rc.json', (rc) => rc.replace(/,\s*"ci": \[[^\]]*\]/, ''));
    const { code, report } = await run(BIN, root, ['upgrade', '--conflict=ours', '--json']);
    expect([code, actionOf(report, WORKFLOW.github), actionOf(report, WORKFLOW.gitlab)]).toEqual([
      0,
      'removed',
      'conflict template-deleted ours',
    ]);
    expect([existsSync(join(root, '.github')), existsSync(join(root, WORKFLOW.gitlab))]).toEqual([false, true]);
    expect((await run(BIN, root, ['check'])).code).toBe(0);
  });
});

test('ci renovate writes settings once, leaves those that are there alone, and asks for no source', async () => {
  const root = project();
  const settings = join(root, 'renovate.json');
  const { code, stdout } = await run(BIN, root, ['ci', 'renovate']);
  expect([code, stdout]).toEqual([0, expect.not.stringContaining('until it knows')]);
  expect(existsSync(join(root, '.ci'))).toBe(false);
  appendFileSync(settings, '\n');
  const edited = readFileSync(settings, 'utf8');
  expect((await run(BIN, root, ['upgrade'])).code).toBe(0);
  expect(readFileSync(settings, 'utf8')).toBe(edited);
  const other = project('other');
  writeFileSync(join(other, 'renovate.json'), '{"mine": true}');
  expect((await run(BIN, other, ['ci', 'renovate', 'github'])).code).toBe(0);
  expect(readFileSync(join(other, 'renovate.json'), 'utf8')).toBe('{"mine": true}');
  expect((await run(BIN, other, ['check'])).code).toBe(0);
});
