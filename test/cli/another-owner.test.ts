import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa, execaSync } from 'execa';
import { describe, expect, onTestFinished } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { doctor, path } from '../support/doctor.ts';
import { needs } from '../support/needs.ts';
import { change, newer, project, run } from '../support/projects.ts';
import { BIN, tempDir } from '../support/run.ts';
import { contents, stamps } from '../support/snapshot.ts';
import { userDir } from '../support/user.ts';

const test = needs('root', process.getuid?.() === 0);

const ROUNDS = Number(process.env.SWAP_ROUNDS ?? 20);

/** Swaps folders of a project for links to a folder outside, as fast as it can, as uid 1000. */
const SWAPPER = `
import ctypes, itertools, os, sys
renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
root, outside = sys.argv[1:]
names = [".makina-image", ".makina-image/tx", ".makina-image/base", ".makina-image/lock", "project", "project/.salt", "pillar", "."]
print("ready", flush=True)
for turn in itertools.count():
    for name in names:
        path = os.path.join(root, name) if name != "." else root
        link = root + "-link"
        try:
            os.symlink(outside, link)
        except FileExistsError:
            pass
        if renameat2(-100, path.encode(), -100, link.encode(), 2) == 0:
            renameat2(-100, path.encode(), -100, link.encode(), 2)
`;

/** Starts the swapper, which is at work only from `resume` to `pause`. */
async function swapping(root: string, outside: string) {
  const user = ['--reuid=1000', '--regid=1000', '--clear-groups'];
  const args = [...user, '/usr/bin/python3', '-c', SWAPPER, root, outside];
  const swapper = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void swapper.kill('SIGKILL'));
  const ended = new Promise((resolve) => swapper.once('close', resolve));
  await Promise.race([ended, new Promise((resolve) => swapper.stdout.once('data', resolve))]);
  const isStopped = () => / T /.test(readFileSync(`/proc/${swapper.pid}/stat`, 'utf8'));
  const pause = async () => {
    expect(swapper.exitCode, 'the swapper is at work').toBe(null);
    swapper.kill('SIGSTOP');
    while (!isStopped()) await setTimeout(1);
  };
  await pause();
  return { pause, resume: () => swapper.kill('SIGCONT') };
}

/** Takes away what is there, also in the middle of a swap. */
function clear(root: string): void {
  for (const path of [root, `${root}-link`]) rmSync(path, { recursive: true, force: true });
}

/** Each verb, and what makes it write. */
const VERBS: [words: string[], prepare?: (root: string) => void][] = [
  [['upgrade', '--conflict=theirs']],
  [['new', '--publish', '9000', '--conflict=theirs']],
  [['circus-program', 'w', '--cmd', 'sleep 9', '--conflict=theirs']],
  [['ci', 'github', '--conflict=theirs']],
  [['adopt', 'README.md']],
  [['restore', 'README.md'], (root) => rmSync(join(root, 'README.md'))],
  [['resolve', 'README.md', '--theirs'], (root) => change(root, 'README.md', (text) => `${text}mine\n`)],
];

describe('root in the project of another user', () => {
  test.each(VERBS)(
    '%j touches nothing outside, whatever the owner swaps',
    { timeout: 600_000 },
    async (words, prepare) => {
      const outside = join(tempDir(), 'of-root');
      mkdirSync(join(outside, 'sub'), { recursive: true });
      for (const name of ['precious', 'sub/precious', 'manifest.json']) writeFileSync(join(outside, name), '{}');
      chmodSync(join(outside, '..'), 0o755);
      const before = stamps(outside);
      const top = userDir();
      const root = join(top, 'demo');
      const swapper = await swapping(root, outside);
      for (let round = 0; round < ROUNDS; round++) {
        clear(root);
        project('demo', top);
        prepare?.(root);
        execaSync('chown', ['-R', '1000:1000', top]);
        swapper.resume();
        await run(newer, top, words, { cwd: root }).catch(() => undefined);
        await swapper.pause();
        expect(stamps(outside), `round ${round}`).toEqual(before);
        expect((await execa('find', [top, '-user', '0'])).stdout, `round ${round}`).toBe('');
      }
    },
  );

  test('a new project there is root’s, as with any command', async () => {
    const top = userDir();
    expect((await run(BIN, top, ['new', 'demo', '--yes', '--dry-run'])).code).toBe(0);
    expect(existsSync(join(top, 'demo'))).toBe(false);
    expect((await run(BIN, top, ['new', 'demo', '--yes', '--destination', 'a/b/demo'])).code).toBe(0);
    expect((await execa('find', [join(top, 'a'), '!', '-user', '0'])).stdout).toBe('');
    expect(contents(join(top, 'a/b/demo'))).toEqual(contents(project()));
    const { code, stderr } = await run(BIN, top, ['new', 'x', '--yes', '--publish', '0']);
    expect([code, stderr, existsSync(join(top, 'x'))]).toEqual([2, expect.stringContaining('publish'), false]);
  });

  test('one of root’s in a folder of someone else is worked on where it is', async () => {
    const root = project('demo', userDir());
    const { code, stdout } = await run(newer, root, ['check']);
    expect([code, stdout]).toEqual([2, expect.stringMatching(new RegExp(`^${root}: would change`))]);
    for (const words of [['upgrade'], ['circus-program', 'w', '--cmd', 'sleep 9'], ['adopt', 'README.md']])
      expect((await run(newer, root, words)).code).toBe(0);
    expect((await run(newer, join(root, 'project'), ['check'])).code).toBe(0);
    writeFileSync(join(root, '.makina-image/manifest.json'), '{');
    const { stderr } = await run(newer, root, ['check']);
    expect(stderr).toContain(`${root}/.makina-image/manifest.json cannot be used`);
    chmodSync(root, 0o777);
    expect((await run(newer, root, ['check'])).stderr).toMatch(/belongs to root, but others can write to it/);
  });

  test.each([
    [['upgrade']],
    [['circus-program', 'w', '--cmd', 'sleep 9']],
    [['new', 'demo', '--yes']],
  ])('of root’s there %j touches nothing outside, whatever is swapped', { timeout: 600_000 }, async (words) => {
    const outside = join(tempDir(), 'of-root');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), '{}');
    chmodSync(join(outside, '..'), 0o755);
    const before = stamps(outside);
    const top = userDir();
    const root = join(top, 'demo');
    const swapper = await swapping(root, outside);
    for (let round = 0; round < ROUNDS; round++) {
      clear(root);
      if (words[0] !== 'new') project('demo', top);
      swapper.resume();
      await run(newer, top, words, { cwd: words[0] === 'new' ? top : root }).catch(() => undefined);
      await swapper.pause();
      expect(stamps(outside), `round ${round}`).toEqual(before);
    }
  });

  test('a folder that everyone can write to holds no project that root works in', async () => {
    const top = tempDir();
    chmodSync(top, 0o755);
    const shared = project('shared', top);
    execaSync('chown', ['-R', '1000:1000', shared]);
    execaSync('chown', ['0:0', shared]);
    chmodSync(shared, 0o1777);
    mkdirSync(join(shared, 'work'));
    expect((await run(BIN, join(shared, 'work'), ['circus-program', 'w', '--cmd', 'x'])).stderr).toContain(
      'is not in a project of this generator',
    );
    expect((await run(BIN, '/', ['upgrade', shared])).stderr).toContain('but others can write to it or replace it');
    expect((await run(BIN, shared, ['new', 'mine', '--yes'])).code).toBe(0);
    expect((await run(BIN, join(shared, 'mine'), ['check'])).code).toBe(0);
    symlinkSync(tempDir(), join(shared, 'linked'));
    execaSync('chown', ['-h', '1000:1000', join(shared, 'linked')]);
    expect((await run(BIN, shared, ['new', 'linked', '--yes'])).code).toBe(1);
    const open = join(top, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    expect((await run(BIN, open, ['new', 'mine', '--yes'])).code).toBe(0);
  });

  test('nothing is written below a folder of someone else in one of root’s, and no journal of theirs is carried out', async () => {
    const root = project();
    chmodSync(join(root, '..'), 0o755);
    execaSync('chown', ['-R', '1000:1000', join(root, '.makina-image')]);
    const words = ['circus-program', 'w', '--cmd', 'sleep 9'];
    expect((await run(BIN, root, words)).stderr).toContain(
      'the project belongs to root, but others can change the folder',
    );
    execaSync('chown', ['-R', '0:0', root]);
    mkdirSync(join(root, '.makina-image/tx'));
    writeFileSync(join(root, '.makina-image/tx/journal.json'), '{}');
    execaSync('chown', ['1000:1000', join(root, '.makina-image/tx/journal.json')]);
    expect((await run(BIN, root, words)).stderr).toContain('a run of the user 1000 was cut short and left');
  });

  test('root has no group there that the user is not in', async () => {
    const secret = join(tempDir(), 'secret');
    writeFileSync(secret, 'README.md\n', { mode: 0o640 });
    chmodSync(join(secret, '..'), 0o755);
    const root = project('demo', userDir());
    execaSync('chown', ['-R', '1000:0', root]);
    execaSync('setpriv', ['--reuid=1000', '--regid=1000', '--clear-groups', 'git', 'init', '--quiet', root]);
    writeFileSync(join(root, '.git/config'), `[core]\n\texcludesFile = ${secret}\n`, { flag: 'a' });
    expect((await run(BIN, root, ['doctor'])).stdout).not.toContain(secret);
  });

  test('one that a link of someone else leads to is refused', async () => {
    const root = project();
    chmodSync(join(root, '..'), 0o755);
    const link = join(userDir(), 'link');
    symlinkSync(root, link);
    for (const owner of [0, 1001]) {
      execaSync('chown', ['-R', `${owner}`, root]);
      const { code, stderr } = await run(newer, '/', ['check', link]);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(
          /belongs to the user 1001, but others can write to .* and replace it|is a link that someone else may have put/,
        ),
      ]);
    }
    const own = join(tempDir(), 'link');
    symlinkSync(root, own);
    execaSync('chown', ['-R', '0:0', root]);
    expect((await run(BIN, '/', ['check', own])).code).toBe(0);
  });

  test('doctor looks at it with the owner’s rights, at its volume and the host with its own', async () => {
    const top = userDir();
    const root = project('demo', top);
    mkdirSync(join(root, 'data/configuration'), { recursive: true });
    writeFileSync(join(root, 'data/configuration/pillar.sls'), 'makina-projects.demo: {data: {nope: 1}}\n', {
      mode: 0o600,
    });
    execaSync('chown', ['-R', '1000:1000', top]);
    execaSync('chown', ['-R', '0:0', join(root, 'data/configuration')]);
    // Of root's alone, and what links of the user lead to.
    const secret = join(tempDir(), 'secret');
    mkdirSync(secret, { mode: 0o700 });
    writeFileSync(join(secret, 'init.sls'), 'a: [');
    writeFileSync(join(secret, 'server.py'), '');
    // The package is out of the user's reach, and Docker answers root alone.
    const copy = join(secret, 'package');
    for (const path of ['dist', 'templates', 'package.json'])
      cpSync(join(packageRoot, path), join(copy, path), { recursive: true });
    symlinkSync(join(packageRoot, 'node_modules'), join(copy, 'node_modules'));
    const commands = path({});
    chmodSync(commands, 0o700);
    const bin = join(copy, 'dist/makina-image.cjs');
    const told = async () => {
      const { stdout } = await execa(process.execPath, [bin, 'doctor', root, '--json'], {
        env: { PATH: commands },
        reject: false,
      });
      return JSON.parse(stdout).findings as { id: string; level: string; what: string }[];
    };
    const before = await told();
    expect(before.filter(({ level }) => level !== 'ok')).toEqual([
      expect.objectContaining({ id: 'override', what: expect.stringContaining('data.nope is not a setting') }),
    ]);
    expect(before.find(({ id }) => id === 'docker')?.level).toBe('ok');
    rmSync(join(root, 'pillar/init.sls'));
    execaSync('mv', [join(root, 'project/.salt'), join(root, 'project/salt')]);
    symlinkSync(secret, join(root, 'project/.salt'));
    writeFileSync(join(root, 'pillar/init.sls'), '', { mode: 0 });
    const bad = (await told()).filter(({ level }) => level === 'error');
    expect(bad).toContainEqual(expect.objectContaining({ id: 'pillar', what: 'it cannot be read: EACCES' }));
    expect(JSON.stringify(bad)).not.toContain(secret);
  });

  test('root edits the answers.yaml of a user as that user', async () => {
    const top = userDir();
    const root = project('demo', top);
    const file = join(root, 'answers.yaml');
    writeFileSync(file, '# ours\nname: demo\n');
    execaSync('chown', ['-R', '1000:1000', top]);
    chmodSync(file, 0o600);
    expect((await run(BIN, root, ['new', '--answers-yaml'])).code).toBe(0);
    const words = ['circus-program', 'w', '--cmd', 'sleep 9'];
    expect((await run(BIN, root, words)).code).toBe(0);
    expect([readFileSync(file, 'utf8'), statSync(file).uid, statSync(file).mode & 0o777]).toEqual([
      '# ours\nname: demo\nprograms:\n  w:\n    cmd: sleep 9\n',
      1000,
      0o600,
    ]);
    expect((await execa('find', [top, '-user', '0'])).stdout).toBe('');

    // A link of theirs to what root alone may read, and a file of someone else that they may not.
    const before = contents(root);
    const secret = join(tempDir(), 'secret');
    writeFileSync(secret, 'name: s3cret\n', { mode: 0o600 });
    for (const put of [() => symlinkSync(secret, file), () => cpSync(secret, file)]) {
      renameSync(file, join(top, 'answers.yaml'));
      put();
      for (const verb of [words, ['upgrade'], ['check'], ['new', '--publish', '9000']]) {
        const { code, stdout, stderr } = await run(BIN, root, verb);
        expect([code !== 0, stdout + stderr]).toEqual([true, expect.stringContaining(file)]);
        expect(stdout + stderr).not.toContain('s3cret');
      }
      rmSync(file);
      renameSync(join(top, 'answers.yaml'), file);
    }
    expect(readFileSync(secret, 'utf8')).toBe('name: s3cret\n');
    expect(contents(root)).toEqual(before);
  });

  test('doctor reports one that root does not touch', async () => {
    const top = userDir();
    const root = project('demo', top);
    const { exitCode, of } = await doctor(root);
    expect([exitCode, of('owner')]).toEqual([
      2,
      expect.objectContaining({ level: 'error', fix: expect.stringContaining('give both to one user') }),
    ]);
  });

  test('one whose owner cannot reach it is refused', async () => {
    const root = project();
    execaSync('chown', ['-R', '1000:1000', root]);
    const { code, stderr } = await run(newer, root, ['upgrade']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/belongs to the user 1000, who cannot reach it, .*; chown it/),
    ]);
  });

  test('many projects of several owners are each their owner’s', async () => {
    const roots = [1000, 1001, 0, 1000].map((uid) => {
      const top = tempDir();
      const root = project('demo', top);
      chmodSync(top, 0o755);
      execaSync('chown', ['-R', `${uid}:${uid}`, uid === 0 ? root : top]);
      return [root, uid] as const;
    });
    expect((await run(newer, '/', ['upgrade', ...roots.map(([root]) => root)])).code).toBe(0);
    for (const [root, uid] of roots) {
      expect((await execa('find', [root, '!', '-user', String(uid)])).stdout).toBe('');
      expect(existsSync(join(root, '.makina-image/manifest.json')) && readdirSync(root)).toContain('compose.yaml');
    }
  });
});
