import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { project } from '../support/projects.ts';
import { makinaImage, tempDir } from '../support/run.ts';

describe('outside of any project', () => {
  test.each<[string, (path: string) => void]>([
    ['broken', (path) => writeFileSync(path, '{')],
    ['of other generators', (path) => writeFileSync(path, '{"generator-other": {}}')],
    ['that nobody may read', (path) => writeFileSync(path, '{}', { mode: 0 })],
    ['that is a folder', (path) => mkdirSync(path)],
    ['that is a link without end', (path) => symlinkSync('.yo-rc.json', path)],
  ])('every verb says so, with 1, whatever is above: a .yo-rc.json %s', async (_, write) => {
    const above = tempDir();
    write(join(above, '.yo-rc.json'));
    const here = join(above, 'a/b');
    mkdirSync(here, { recursive: true });
    for (const args of [
      ['circus-program', 'w', '--cmd', 'true'],
      ['nginx-vhost', '--list'],
      ['ci', 'github'],
      ['restore', 'README.md'],
      ['check'],
      ['upgrade'],
    ]) {
      const { exitCode, stderr } = await makinaImage(here, args);
      const sentence = expect.stringMatching(
        new RegExp(`^makina-image: ${here} is (in )?no project of this generator`),
      );
      expect([args, exitCode, stderr]).toEqual([args, 1, sentence]);
    }
    const { stdout } = await makinaImage(here, ['doctor']);
    expect(stdout).toContain('no project here');
    expect((await makinaImage(above, ['new', 'shop', '--yes'])).exitCode).toBe(0);
  });

  test('broken answers of ours are told from below', async () => {
    const root = project();
    writeFileSync(join(root, '.yo-rc.json'), '{"generator-makina-image": ');
    const { exitCode, stderr } = await makinaImage(join(root, 'project'), ['check']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${root}/.yo-rc.json is not valid JSON`)]);
  });
});
