import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { project, text } from '../support/projects.ts';
import { BIN, makinaImage, onTerminal, tempDir } from '../support/run.ts';
import { workTree } from '../support/snapshot.ts';

describe('outside of any project', () => {
  test.each<[string, (path: string) => void]>([
    ['broken', (path) => writeFileSync(path, '{')],
    ['of other generators', (path) => writeFileSync(path, '{"generator-other": {}}')],
    ['that nobody may read', (path) => writeFileSync(path, '{}', { mode: 0 })],
    ['that is a folder', (path) => mkdirSync(path)],
    ['that is a link without end', (path) => symlinkSync('.yo-rc.json', path)],
  ])('every verb says so, with 1, whatever is above: a .yo-rc.json %s', async (kind, write) => {
    const above = tempDir();
    write(join(above, '.yo-rc.json'));
    const here = join(above, 'a/b');
    mkdirSync(here, { recursive: true });
    const verbs = [['ci', 'github'], ['restore', 'README.md'], ['check'], ['upgrade'], ['nginx-vhost', '--list']];
    for (const args of [['circus-program', 'w', '--cmd', 'true'], ...(kind === 'broken' ? verbs : [])]) {
      const { exitCode, stderr } = await makinaImage(here, args);
      const sentence = expect.stringMatching(
        new RegExp(`^makina-image: ${here} is not (in )?a project of this generator`),
      );
      expect([args, exitCode, stderr]).toEqual([args, 1, sentence]);
    }
    const { stdout } = await makinaImage(here, ['doctor']);
    expect(stdout).toContain('no project here');
    expect((await makinaImage(above, ['new', 'shop', '--yes'])).exitCode).toBe(0);
  });

  test('broken answers are reported from a folder below', async () => {
    const root = project();
    writeFileSync(join(root, '.yo-rc.json'), '{"generator-makina-image": ');
    const { exitCode, stderr } = await makinaImage(join(root, 'project'), ['check']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${root}/.yo-rc.json is not valid JSON`)]);
  });
});

/** The name in the answers of a folder, undefined without any. */
function nameIn(folder: string): unknown {
  const file = join(folder, '.yo-rc.json');
  return existsSync(file) ? JSON.parse(text(folder, '.yo-rc.json'))['generator-makina-image'].answers.name : undefined;
}

const make = (folder: string) => {
  mkdirSync(folder, { recursive: true });
  return folder;
};

describe('new', () => {
  test.each([
    ['.', '.'],
    ['./', '.'],
    ['../shop', '.'],
    ['images/shop', 'images/shop'],
    ['./shop', 'shop'],
    ['shop/', 'shop'],
    ['..', '..'],
  ])('writes to the path %j, with the name of the folder', async (word, folder) => {
    const here = make(join(tempDir(), 'top/shop'));
    const { exitCode, stderr } = await makinaImage(here, ['new', word, '--yes']);
    expect([exitCode, stderr, nameIn(join(here, folder))]).toEqual([0, '', folder === '..' ? 'top' : 'shop']);
  });

  test('takes an absolute path, and the folder of --destination', async () => {
    const here = tempDir();
    expect((await makinaImage(here, ['new', join(here, 'a/one')])).exitCode).toBe(0);
    expect((await makinaImage(here, ['new', '--destination', 'b/two'])).exitCode).toBe(0);
    expect((await makinaImage(here, ['new', 'c/three', '--name', 'third'])).exitCode).toBe(0);
    expect(['a/one', 'b/two', 'c/three'].map((folder) => nameIn(join(here, folder)))).toEqual(['one', 'two', 'third']);
  });

  test('leaves a project its name, whatever its folder is called', async () => {
    const root = project('another');
    const { exitCode, stdout } = await makinaImage(root, ['new', '.', '--publish', '9000']);
    expect([exitCode, nameIn(root)]).toEqual([0, 'demo']);
    expect(stdout).toContain('written');
  });

  test.each<[string[], string]>([
    [['.'], 'My App: the name of the folder cannot be that of the project, which must be 1 to 27'],
    [['images\\shop'], 'folders are separated with /; write images/shop'],
    [['a/b', '--destination', 'c'], 'a/b and --destination c both say where to write; leave one of them out'],
    [['/'], '/: the name of the folder cannot be that of the project'],
    [['a b'], 'name must be 1 to 27'],
  ])('%j is refused with what to do', async (words, sentence) => {
    const here = make(join(tempDir(), 'My App'));
    const { exitCode, stderr } = await makinaImage(here, ['new', ...words, '--yes']);
    expect([exitCode, stderr, readdirSync(here)]).toEqual([2, expect.stringContaining(sentence), []]);
  });

  test('asks for the name where the folder has none to give', async () => {
    const here = make(join(tempDir(), 'My App'));
    const { stdout } = await onTerminal(
      here,
      ['node', BIN, 'new', '.'],
      [
        ['What do you start with', '\r'],
        ['Name of the project', 'mine\r'],
        ['What is it', '\r'],
        ['Write this', '\r'],
      ],
    );
    expect([nameIn(here), stdout]).toEqual(['mine', expect.stringContaining('written')]);
  });

  test('writes no project into another one by accident', async () => {
    const root = project();
    const before = workTree(root);
    make(join(root, 'base'));
    for (const [here, word] of [
      [root, 'shop'],
      [join(root, 'project/app'), 'shop'],
      [join(root, 'project/app'), '.'],
      [root, 'a/shop'],
    ] as const) {
      const { exitCode, stderr } = await makinaImage(here, ['new', word, '--yes']);
      const folder = join(here, word);
      const sentence = `${folder} would be inside the project ${root}; leave that folder, or if you mean it, add --destination ${folder}`;
      expect([exitCode, stderr]).toEqual([2, `makina-image: ${sentence}`]);
    }
    const [no, yes] = await Promise.all(
      ['n', 'y'].map((answer) =>
        onTerminal(
          root,
          ['node', BIN, 'new', answer === 'n' ? 'not' : 'yes'],
          [
            ['Write a separate project there', `${answer}\r`],
            ['What do you start with', '\r'],
            ['What is it', '\r'],
            ['Write this', '\r'],
          ],
        ),
      ),
    );
    expect([no?.exitCode, nameIn(join(root, 'not')), yes?.exitCode, nameIn(join(root, 'yes'))]).toEqual([
      130,
      undefined,
      0,
      'yes',
    ]);
    expect((await makinaImage(root, ['new', '--destination', 'meant'])).exitCode).toBe(0);
    expect((await makinaImage(root, ['new', '.'])).stderr).toBe('');
    expect(workTree(root)).toMatchObject(before);
    expect((await makinaImage(join(root, '..'), ['new', 'beside'])).exitCode).toBe(0);
  });
});
