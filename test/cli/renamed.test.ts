import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { blocksOf, commandsOf } from '../docs/blocks.mjs';
import { prepareCommands } from '../docs/run-blocks.mjs';
import { change, project, run, text } from '../support/projects.ts';
import { BIN, makinaImage, tempDir } from '../support/run.ts';
import { stamps } from '../support/snapshot.ts';

const rename = (root: string) => change(root, '.yo-rc.json', (answers) => answers.replace('"demo"', '"fresh"'));

/** A project `demo` that a release wrote. */
function projectOf(release: string): string {
  const folder = tempDir();
  execFileSync('tar', ['-xzf', join(packageRoot, `test/fixtures/generator-makina-image-${release}.tgz`), '-C', folder]);
  execFileSync('ln', ['-s', join(packageRoot, 'node_modules'), join(folder, 'package')]);
  execFileSync(process.execPath, [join(folder, 'package/dist/makina-image.cjs'), 'new', 'demo'], { cwd: folder });
  return join(folder, 'demo');
}

const VERBS = [
  ['check'],
  ['diff'],
  ['new'],
  ['new', 'fresh', '--destination', '.'],
  ['ci', 'github'],
  ['nginx-vhost', 'x.org'],
  ['adopt', 'README.md'],
  ['restore', 'README.md'],
  ['resolve', 'README.md', '--ours'],
];

describe('a name that was changed manually', () => {
  test.each<[string, () => string, boolean?]>([
    ['of this version', () => project(), true],
    ['of 0.2.0', () => projectOf('0.2.0')],
    ['of 0.1.0', () => projectOf('0.1.0')],
    [
      'whose files are edited',
      () => {
        const root = project();
        change(root, 'project/launch.sh', (launch) => launch.replaceAll('demo', 'fresh'));
        change(root, 'compose.yaml', (compose) => compose.replaceAll('demo', 'fresh'));
        return root;
      },
    ],
    [
      'that lost its own records',
      () => {
        const root = project();
        rmSync(join(root, '.makina-image'), { recursive: true });
        return root;
      },
    ],
  ])('is refused by every verb, in a project %s', async (_, make, isWhole = false) => {
    const root = make();
    rename(root);
    const before = stamps(root);
    for (const args of [
      ['upgrade', '--conflict=theirs'],
      ['circus-program', 'w', '--cmd', 'sleep 9'],
      ...(isWhole ? VERBS : []),
    ]) {
      const { exitCode, stderr } = await makinaImage(root, args);
      const sentence = `${root}/.yo-rc.json says the name fresh, but the project was written as demo`;
      expect([args, exitCode, stderr]).toEqual([args, expect.any(Number), expect.stringContaining(sentence)]);
      expect(exitCode).not.toBe(0);
    }
    expect((await makinaImage(root, ['doctor'])).stdout).toContain('was written as demo');
    expect(stamps(root)).toEqual(before);
    change(root, '.yo-rc.json', (answers) => answers.replace('"fresh"', '"demo"'));
    expect((await run(BIN, root, ['upgrade', '--conflict=ours'])).code).toBe(0);
  });

  test('may be changed as the docs say', async () => {
    const page = readFileSync(join(packageRoot, 'docs/regeneration.md'), 'utf8');
    const blocks = blocksOf('regeneration.md', page).flatMap(commandsOf);
    const steps = blocks.map(({ script }) => script).filter((script) => /\bshop\b/.test(script));
    const [make = '', ...others] = steps;
    const folder = tempDir();
    const env = prepareCommands(join(folder, 'bin'));
    const shell = (script: string) => execa('sh', ['-ec', script], { cwd: folder, env, extendEnv: false });
    await shell(make);
    const root = join(folder, 'shop');
    change(root, 'compose.yaml', (compose) => `# mine\n${compose}`);
    change(root, 'pillar/init.sls', (pillar) => `${pillar}  # mine\n`);
    writeFileSync(join(root, 'project/app/own.txt'), 'mine\n');
    writeFileSync(join(root, 'project/.salt/250_own.sls'), '# mine\n');
    for (const script of others) await shell(script);
    const store = join(folder, 'store');
    expect(text(store, 'compose.yaml')).toMatch(/^# mine\n[\s\S]*image: "store"[\s\S]*9000:80/);
    expect(text(store, 'pillar/init.sls')).toMatch(/^makina-projects\.store:[\s\S]*# mine\n$/m);
    expect([text(store, 'project/app/own.txt'), text(store, 'project/.salt/250_own.sls')]).toEqual([
      'mine\n',
      '# mine\n',
    ]);
    expect((await run(BIN, store, ['check'])).code).toBe(0);
  });
});
