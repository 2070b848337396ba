import { chmodSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { describe, expect, test } from 'vitest';
import { doctor, path } from '../support/doctor.ts';
import { needs } from '../support/needs.ts';
import { clash, git, newer, project, repository, run } from '../support/projects.ts';
import { BIN, tempDir } from '../support/run.ts';

const asRoot = needs('root', process.getuid?.() === 0);

const MARKERS = ['upgrade', '--conflict=markers'];

/** A folder with a command that does what a script says. */
function command(name: string, script: string, folder = tempDir()): string {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return folder;
}

/** A committed project with an edit that is not. */
async function edited(root = project()): Promise<string> {
  await repository(root);
  clash(root);
  return root;
}

describe('commands are looked for', () => {
  test.each(['.', '', 'the project', 'a link to it', 'nothing else'])('not in the project: %s', async (where) => {
    const root = await edited();
    const ran = tempDir();
    for (const name of ['git', 'docker', 'getfacl', 'docker-compose'])
      command(name, `touch ${ran}/${name}; exit 1`, root);
    mkdirSync(join(root, 'data'), { recursive: true });
    const link = join(tempDir(), 'link');
    execaSync('ln', ['-s', root, link]);
    const entry = { 'the project': root, 'a link to it': link }[where] ?? where;
    const env = { CI: '', PATH: where === 'nothing else' ? '.' : `${entry}:${process.env.PATH}` };
    const { stderr } = await execa(process.execPath, [newer, ...MARKERS], { cwd: root, env, reject: false });
    expect(stderr).toContain('git does not have your edits of project/launch.sh');
    await execa(process.execPath, [BIN, 'doctor'], { cwd: root, env, reject: false });
    expect(readdirSync(ran)).toEqual([]);
  });
});

describe('a git that fails is reported with what to do', () => {
  test('one that is too old', async () => {
    const root = await edited();
    const old = command('git', 'echo "Unknown option: -C" >&2; echo usage: git >&2; exit 129');
    const env = { CI: '', PATH: `${old}:${process.env.PATH}` };
    expect((await run(newer, root, MARKERS, { env })).stderr).toMatch(
      /^makina-image: .*: git cannot tell what it has committed \(Unknown option: -C\); update git to 2.15 or newer, or use --allow-dirty$/,
    );
    const { of } = await doctor(root, [], `${old}:${path({})}`);
    expect(of('git')?.fix).toBe('update git to 2.15 or newer; no verb merges into your edits without git');
  });

  test('one that warns of something else first', async () => {
    const root = await edited();
    const bin = command('git', 'echo "warning: x" >&2; echo "fatal: found:" >&2; echo "	future" >&2; exit 128');
    const env = { CI: '', PATH: `${bin}:${process.env.PATH}` };
    expect((await run(newer, root, MARKERS, { env })).stderr).toContain('(fatal: found: future); fix that');
  });

  asRoot('one that does not trust the owner', async () => {
    const top = tempDir();
    const root = await edited(project('demo', top));
    // Where the other user can read it.
    const copy = join(top, 'package');
    cpSync(join(newer, '../..'), copy, { recursive: true, dereference: false });
    execaSync('chmod', ['-R', 'a+rwX', top]);
    execaSync('chown', ['-R', '1001:1001', root]);
    const user = ['--reuid=1000', '--regid=1000', '--clear-groups', 'env', 'HOME=/nonexistent', process.execPath];
    const { stderr } = await execa('setpriv', [...user, join(copy, 'dist/makina-image.cjs'), ...MARKERS, root], {
      reject: false,
      env: { CI: '' },
    });
    expect(stderr).toMatch(
      /dubious ownership .*; give it to one user .* git config --global --add safe.directory '.*\/demo', or use/,
    );
  });
});

describe('git knows the project', () => {
  test('in a worktree, with core.bare and with core.worktree', async () => {
    const root = await repository();
    const tree = join(tempDir(), 'tree');
    await git(root, 'worktree', 'add', '--quiet', tree);
    clash(tree);
    expect((await run(newer, tree, MARKERS)).stderr).toContain('git does not have your edits of project/launch.sh');
    clash(root);
    for (const setting of [
      ['core.worktree', '/'],
      ['core.bare', 'true'],
    ]) {
      await git(root, 'config', ...setting);
      expect((await run(newer, root, MARKERS)).stderr).toContain('git does not have your edits of project/launch.sh');
      expect((await doctor(root)).of('executable')?.level).toBe('ok');
      await git(root, 'config', '--unset', setting[0] as string);
    }
  });

  test('a sparse checkout without .makina-image is not taken for a project of the first release', async () => {
    const root = await repository();
    await git(root, 'sparse-checkout', 'set', '--cone', 'pillar');
    for (const words of [
      ['check'],
      ['upgrade'],
      ['new', '--publish', '9000'],
      ['circus-program', 'w', '--cmd', 'sleep 9'],
    ]) {
      const { code, stderr } = await run(newer, root, words);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining('lacks .makina-image/, which git has; restore it with'),
      ]);
    }
    await git(root, 'sparse-checkout', 'add', '.makina-image');
    expect((await run(BIN, root, ['check'])).code).toBe(0);
  });

  test('and is not asked where there is none', async () => {
    const root = await edited();
    const env = { CI: '', PATH: command('node', `exec ${process.execPath} "$@"`) };
    const { exitCode } = await execa(process.execPath, [newer, ...MARKERS], {
      cwd: root,
      env,
      reject: false,
      extendEnv: false,
    });
    expect(exitCode).toBe(3);
  });
});
