import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type Options } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { path } from '../support/doctor.ts';
import { CHILD, sharedProcess } from '../support/one-process.ts';
import { makinaImage, onTerminal, tempDir } from '../support/run.ts';
import { readTree } from '../support/tree.ts';
import { asUser, readableCheckout, userDir } from '../support/user.ts';

const { checkout, remove } = readableCheckout();
/** The ordinary user's home, with a command npm: each run of yo asks npm for its global folder. One test lets it ask the real one. */
const home = mkdtempSync(join(tmpdir(), 'makina-image-home-'));
writeFileSync(join(home, 'npm'), '#!/bin/sh\n[ "$*" = "root -g" ] && echo /nowhere\n', { mode: 0o755 });
if (process.getuid?.() === 0) chownSync(home, 1000, 1000);
const env = { HOME: home, PATH: `${home}:${process.env.PATH}` };
afterAll(() => {
  remove();
  rmSync(home, { recursive: true });
});

function yoCommand(args: string[]): string[] {
  return asUser(['node', join(checkout, 'node_modules/.bin/yo'), ...args]);
}

/** Starts yo as a user does. */
function startYo(cwd: string, args: string[], options: Options = {}) {
  const [file = '', ...rest] = yoCommand(args);
  return execa(file, rest, { cwd, reject: false, timeout: 50_000, env, ...options });
}

const inYo = sharedProcess(asUser(['node', join(checkout, CHILD)]));

/** The same, in a process that has loaded what yo imports, which is most of a start. */
function yo(cwd: string, args: string[]) {
  const bin = join(checkout, 'node_modules/yo/lib/cli.js');
  return inYo({ bin, args, cwd, env: { ...process.env, ...env }, timeout: 50_000 });
}

/** A folder of the ordinary user with a project `demo` in it. */
async function folderWithDemo(): Promise<string> {
  const dir = userDir();
  await makinaImage(dir, ['new', 'demo']);
  if (process.getuid?.() === 0) await execa('chown', ['-R', '1000:1000', dir]);
  return dir;
}

test('runs of yo that share a process print and end as a start of its own does', async () => {
  const dir = userDir();
  const args = ['makina-image', 'demo', '--publish', 'x'];
  const { exitCode, stdout, stderr } = await startYo(dir, args, { stdin: 'ignore', stripFinalNewline: false });
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('publish')]);
  for (const ended of [await yo(dir, args), await yo(dir, args)]) expect(ended).toEqual({ exitCode, stdout, stderr });
});

describe('yo makina-image', () => {
  test('writes the very tree that the bin writes, with lists and dicts one by one, as JSON or from a file', async () => {
    const [byYo, byBin] = [userDir(), tempDir()];
    for (const dir of [byYo, byBin]) writeFileSync(join(dir, 'answers.yaml'), 'programs: {worker: {cmd: sleep 9}}\n');
    const lists = ['--answers', 'answers.yaml', '--packages', 'curl', '--packages', 'jq', '--app', '{"a": {"b": 1}}'];
    const words = ['demo', '--publish', '81', '--no-demo', ...lists];
    const { exitCode, stderr } = await startYo(byYo, ['makina-image', ...words], { stdin: 'ignore' });
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('files written')]);
    await makinaImage(byBin, ['new', ...words]);
    expect(readTree(join(byYo, 'demo'))).toEqual(readTree(join(byBin, 'demo')));
    const { answers } = JSON.parse(readFileSync(join(byYo, 'demo/.yo-rc.json'), 'utf8'))['generator-makina-image'];
    expect(answers).toEqual({
      name: 'demo',
      publish: 81,
      demo: false,
      packages: ['curl', 'jq'],
      programs: { worker: { cmd: 'sleep 9' } },
      app: { a: { b: 1 } },
    });
  });

  test.each([
    [['demo', '--publish', '1', '--publish', '2'], '--publish was given 2 times'],
    [['demo', '--description'], '--description needs a value'],
    [['demo', '--unknown-flag', 'x'], 'new has no flag --unknown-flag'],
    [['--publish', 'x'], '--publish'],
    [[], 'name is required'],
  ])('refuses %j with 2 and one sentence', async (args, sentence) => {
    const dir = userDir();
    const { exitCode, stdout, stderr } = await yo(dir, ['makina-image', ...args]);
    expect([exitCode, stdout + stderr]).toEqual([2, expect.stringContaining(sentence)]);
    expect(readTree(dir)).toEqual({});
  });

  test('stops with 3 at a file that differs, and replaces it with --force', async () => {
    const dir = userDir();
    writeFileSync(join(dir, 'README.md'), 'mine');
    expect((await yo(dir, ['makina-image', 'demo', '--destination', '.'])).exitCode).toBe(3);
    expect(readTree(dir)).toEqual({ 'README.md': 'mine' });
    expect((await yo(dir, ['makina-image', 'demo', '--destination', '.', '--force'])).exitCode).toBe(0);
    const tree = readTree(dir);
    expect(tree['README.md']).toContain('# demo');
    expect(
      Object.keys(tree)
        .filter((path) => path.startsWith('.makina-image/backup/'))
        .map((path) => tree[path]),
    ).toContain('mine');
  });

  test('takes a path for a name, and says no inside another project', async () => {
    const dir = userDir();
    expect((await yo(dir, ['makina-image', 'images/shop'])).exitCode).toBe(0);
    expect(Object.keys(readTree(dir))).toContain('images/shop/compose.yaml');
    const { exitCode, stdout, stderr } = await yo(join(dir, 'images/shop'), ['makina-image', 'other']);
    expect([exitCode, stdout + stderr]).toEqual([2, expect.stringContaining('would be inside the project')]);
  });

  test('takes answers on standard input', async () => {
    const dir = userDir();
    const args = ['makina-image', '--answers=-'];
    const { exitCode } = await startYo(dir, args, { input: 'name: piped\n' });
    expect([exitCode, Object.keys(readTree(dir))]).toEqual([0, expect.arrayContaining(['piped/compose.yaml'])]);
    const empty = await startYo(dir, args, { input: '', all: true });
    expect([empty.exitCode, empty.all]).toEqual([2, expect.stringContaining('found nothing on standard input')]);
  });

  test.each([['--preview'], ['--dry-run']])('%s shows what would be written, and writes nothing', async (flag) => {
    const dir = userDir();
    const { exitCode, stdout } = await yo(dir, ['makina-image', 'demo', flag]);
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/would be written[\s\S]*\+ project\//)]);
    expect(readTree(dir)).toEqual({});
  });

  test('asks on a terminal', async () => {
    const dir = userDir();
    const { stdout, exitCode } = await onTerminal(
      dir,
      yoCommand(['makina-image']),
      [
        ['Name of the project?', 'asked\r'],
        ['What do you start with?', '\r'],
        ['What is it, in one line?', 'By hand\r'],
        ['Write this?', '\r'],
      ],
      env,
    );
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('files written')]);
    const { answers } = JSON.parse(readFileSync(join(dir, 'asked/.yo-rc.json'), 'utf8'))['generator-makina-image'];
    expect(answers).toEqual({ name: 'asked', description: 'By hand' });
  });
});

test('yo lists these generators, and doctor says whether yo finds them', async () => {
  const folder = userDir();
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  chmodSync(folder, 0o755);
  const all = join(checkout, 'node_modules');
  for (const name of readdirSync(all))
    if (['yo', 'yeoman-environment'].includes(name)) cpSync(join(all, name), join(modules, name), { recursive: true });
    else if (name !== 'generator-makina-image') symlinkSync(join(all, name), join(modules, name));
  const bin = path();
  symlinkSync(join(modules, 'yo/lib/cli.js'), join(bin, 'yo'));
  const elsewhere = join(userDir(), 'x y');
  mkdirSync(elsewhere);
  symlinkSync(checkout, join(elsewhere, 'generator-makina-image'));

  for (const [NODE_PATH, finds] of [
    ['', false],
    [`relative:${elsewhere}`, true],
  ] as const) {
    const [file = '', ...args] = asUser(['node', join(modules, 'yo/lib/cli.js'), '--generators']);
    const options = { cwd: userDir(), timeout: 50_000, env: { HOME: userDir(), NODE_PATH } };
    const { stdout } = await execa(file, args, options);
    expect(/^ {2}makina-image$/m.test(stdout)).toBe(finds);
    // No helper is among them.
    if (finds)
      expect(stdout.match(/^.*makina-image[\s\S]*$/m)?.[0]).toMatchInlineSnapshot(`
        "  makina-image
            adopt
            backup
            base
            build
            check
            ci
            circus-program
            completion
            diff
            doctor
            down
            help
            new
            nginx-location
            nginx-vhost
            resolve
            restore
            restore-data
            sbom
            schema
            service
            test
            up
            upgrade"
      `);
    const told = await makinaImage(tempDir(), ['doctor'], { env: { PATH: bin, NODE_PATH } });
    const what = finds ? 'it is there, and finds' : 'it is there, and does not find';
    expect(told.stdout).toContain(`\nok       yo: ${what} generator-makina-image`);
  }
});

describe('yo makina-image:base', () => {
  test('writes the folder of the base image', async () => {
    const [byYo, byBin] = [userDir(), tempDir()];
    expect((await yo(byYo, ['makina-image:base', 'base'])).exitCode).toBe(0);
    await makinaImage(byBin, ['base', 'base']);
    expect(readTree(byYo)).toEqual(readTree(byBin));
    expect((await yo(byYo, ['makina-image:base'])).exitCode).toBe(2);
  });
});

describe('yo makina-image:upgrade', () => {
  test('does what the bin does, with its codes', async () => {
    const dir = await folderWithDemo();
    const project = join(dir, 'demo');
    expect((await yo(project, ['makina-image:upgrade'])).exitCode).toBe(0);
    const yoRc = join(project, '.yo-rc.json');
    writeFileSync(yoRc, readFileSync(yoRc, 'utf8').replace('"name": "demo"', '"name": "demo", "publish": 9000'));
    const dry = await yo(dir, ['makina-image:upgrade', 'demo', '--dry-run']);
    expect([dry.exitCode, dry.stdout + dry.stderr]).toEqual([0, expect.stringContaining('+++ b/compose.yaml')]);
    expect(readTree(project)['compose.yaml']).toContain('8080:80');
    expect((await yo(dir, ['makina-image:upgrade', 'demo'])).exitCode).toBe(0);
    expect(readTree(project)['compose.yaml']).toContain('9000:80');
    writeFileSync(yoRc, readFileSync(yoRc, 'utf8').replace('9000', '9001'));
    const mine = (readTree(project)['compose.yaml'] as string).replace('9000:80', '1:80');
    writeFileSync(join(project, 'compose.yaml'), mine);
    const { exitCode, stdout, stderr } = await yo(dir, ['makina-image:upgrade', 'demo']);
    expect([exitCode, stdout + stderr]).toEqual([3, expect.stringContaining('compose.yaml: you and the templates')]);
    expect(readTree(project)['compose.yaml']).toBe(mine);
    expect((await yo(dir, ['makina-image:upgrade', 'demo', '--force'])).exitCode).toBe(0);
    expect(readTree(project)['compose.yaml']).toContain('9001:80');
  });
  test('refuses a folder that is not a project', async () => {
    const dir = userDir();
    const { exitCode, stdout, stderr } = await yo(dir, ['makina-image:upgrade']);
    expect([exitCode, stdout + stderr]).toEqual([1, expect.stringContaining('is not a project of this generator')]);
  });
});

describe('yo makina-image:circus-program', () => {
  test('does what the bin does, from a folder inside the project', async () => {
    const dir = await folderWithDemo();
    const inside = join(dir, 'demo/project');
    const before = readTree(join(dir, 'demo'));
    const flags = [
      '--cmd',
      'celery -A app',
      '--env',
      'QUEUE=mail',
      '--env',
      'B=2',
      '--args',
      '["-l", "info"]',
      '--no-essential',
    ];
    const { exitCode, stderr } = await yo(inside, ['makina-image:circus-program', 'worker', ...flags]);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('program worker: added')]);
    const { stdout } = await yo(inside, ['makina-image:circus-program', '--list', '--json']);
    expect(JSON.parse(stdout)[1]).toMatchObject({
      name: 'worker',
      cmd: 'celery -A app',
      args: ['-l', 'info'],
      env: { QUEUE: 'mail', B: '2' },
      essential: false,
    });
    expect((await yo(inside, ['makina-image:circus-program', '--remove', 'worker'])).exitCode).toBe(0);
    expect(readTree(join(dir, 'demo'))).toEqual(before);
  });
  test.each([
    [['circus-program', 'web', '--nunprocesses', '3'], 'did you mean --numprocesses?'],
    [['circus-program', 'web', '--cmd', 'a', '--cmd', 'b'], '--cmd was given 2 times'],
    [['nginx-location', '/x', '--alias', 'here'], '--alias'],
  ])('refuses %j with 2', async ([verb, ...args], sentence) => {
    const dir = await folderWithDemo();
    const { exitCode, stdout, stderr } = await yo(join(dir, 'demo'), [`makina-image:${verb}`, ...args]);
    expect([exitCode, stdout + stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });
});
