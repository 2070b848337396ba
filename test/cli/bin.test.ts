import {
  appendFileSync,
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
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { packageRoot, version } from '../../generators/lib/package.ts';
import { BIN, makinaImage, onTerminal, tempDir } from '../support/run.ts';
import { readTree } from '../support/tree.ts';

/** Runs the bin, and kills it once it has renamed some files into place. */
function killAfterRenames() {
  const fs = require('node:fs');
  const { renameSync } = fs;
  let left = Number(process.argv[1]);
  fs.renameSync = (...paths: unknown[]) => {
    renameSync(...paths);
    if (--left === 0) process.kill(process.pid, 'SIGKILL');
  };
  process.argv.splice(1, 1);
  require(process.argv[1] as string);
}

describe('makina-image new', () => {
  test('writes a whole project and says what to type next', async () => {
    const dir = tempDir();
    const { exitCode, stdout } = await makinaImage(dir, ['new', 'demo', '--yes']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\n {2}(npx --no )?makina-image up demo {3}# /);
    const tree = readTree(join(dir, 'demo'));
    for (const path of [
      'project/launch.sh*',
      'project/.salt/PILLAR.sample',
      'data/data/',
      'data/configuration/',
      '.yo-rc.json',
    ])
      expect(Object.keys(tree)).toContain(path);
    expect(Object.keys(tree).filter((path) => /makina-image-|(lock|tx)\/$/.test(path))).toEqual([]);
  });

  test('a second time writes nothing', async () => {
    const dir = tempDir();
    await makinaImage(dir, ['new', 'demo']);
    const stamp = () => statSync(join(dir, 'demo/.yo-rc.json')).mtimeMs + statSync(join(dir, 'demo')).mtimeMs;
    const before = stamp();
    const { exitCode, stdout } = await makinaImage(dir, ['new', 'demo']);
    expect([exitCode, stdout]).toEqual([0, `${join(dir, 'demo')} is up to date, nothing was written.`]);
    expect(stamp()).toBe(before);
  });

  test('prefers a flag to the answers file, that to what is stored, that to the default', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'a.yaml'), 'description: from the file\npublish: 81\napp: {colour: red, size: 1}\n');
    await makinaImage(dir, [
      'new',
      'demo',
      '--publish',
      '80',
      '--description',
      'stored',
      '--app',
      '{"size": 0, "kept": 1}',
    ]);
    const { exitCode } = await makinaImage(join(dir, 'demo'), ['new', '--answers', '../a.yaml', '--publish=82']);
    expect(exitCode).toBe(0);
    const { answers } = JSON.parse(readFileSync(join(dir, 'demo/.yo-rc.json'), 'utf8'))['generator-makina-image'];
    expect(answers).toEqual({
      name: 'demo',
      description: 'from the file',
      publish: 82,
      app: { colour: 'red', kept: 1, size: 1 },
    });
    expect(readFileSync(join(dir, 'demo/compose.yaml'), 'utf8')).toContain('82:80');
  });

  test('changes the model of a project without losing an edit in a file that does not change', async () => {
    const dir = tempDir();
    await makinaImage(dir, ['new', 'demo']);
    appendFileSync(join(dir, 'demo/project/.salt/200_reconfigure.sls'), '# mine\n');
    appendFileSync(join(dir, 'demo/pillar/init.sls'), '# mine\n');
    const { exitCode } = await makinaImage(join(dir, 'demo'), ['new', '--programs', '{"worker": {"cmd": "sleep 9"}}']);
    expect(exitCode).toBe(0);
    const tree = readTree(join(dir, 'demo'));
    expect(tree['project/.salt/PILLAR.sample']).toContain('worker:');
    expect(tree['project/.salt/200_reconfigure.sls']).toContain('# mine');
    await makinaImage(join(dir, 'demo'), ['new', '--programs', '{"worker": null}']);
    expect(readTree(join(dir, 'demo'))['project/.salt/PILLAR.sample']).not.toContain('worker');
    expect(JSON.parse(readTree(join(dir, 'demo'))['.yo-rc.json'] as string)['generator-makina-image'].answers).toEqual({
      name: 'demo',
    });
  });

  test('stops with 3 where files differ, names them all and writes nothing, unless --conflict says so', async () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'demo'));
    writeFileSync(join(dir, 'demo/README.md'), 'mine');
    writeFileSync(join(dir, 'demo/compose.yaml'), 'mine');
    const { exitCode, stderr } = await makinaImage(dir, ['new', 'demo']);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('  README.md\n  compose.yaml');
    expect(readTree(join(dir, 'demo'))).toEqual({ 'README.md': 'mine', 'compose.yaml': 'mine' });
    expect((await makinaImage(dir, ['new', 'demo', '--conflict=theirs'])).exitCode).toBe(0);
    expect(readTree(join(dir, 'demo'))['README.md']).toContain('# demo');
  });

  test('lists all that is wrong with the answers, each with its flag, and writes nothing', async () => {
    const dir = tempDir();
    const args = [
      '--publish',
      'many',
      '--base-image',
      'NO',
      '--packages',
      'Bad Name',
      '--programs',
      '{"web": {"cmd": 1}}',
    ];
    const { exitCode, stderr } = await makinaImage(dir, ['new', ...args]);
    expect(exitCode).toBe(2);
    for (const flag of ['--name', '--publish', '--base-image', '--packages', '--programs JSON'])
      expect(stderr).toContain(flag);
    expect(readTree(dir)).toEqual({});
  });

  test.each([
    [['new', 'demo', '--nmae', 'x'], 'new has no flag --nmae (did you mean --name?)'],
    [['new', 'demo', '--description'], '--description needs a value'],
    [['new', 'demo', '--publish', '1', '--publish', '2'], '--publish was given 2 times'],
    [['new', 'demo', '--demo=yes'], '--demo takes no value'],
    [['new', 'demo', 'twice'], 'new takes one name'],
    [['new', 'demo', '--answers', 'none.yaml'], 'there is no answers file none.yaml'],
    [['new', 'demo', '--name', 'other'], '--name was given 2 times'],
    [['new', 'demo', '--no-dmeo'], 'new has no flag --no-dmeo (did you mean --no-demo?)'],
    [['adopt', '--hlep'], 'adopt has no flag --hlep (did you mean --help?)'],
    [['toString'], 'there is no verb "toString"; makina-image --help'],
    [['circus-pogram', 'x'], 'there is no verb "circus-pogram" (did you mean circus-program?)'],
    [['base'], 'base takes one folder'],
    [['base', ''], 'base takes one folder'],
    [['new', 'demo', '--destination='], '--destination is empty'],
    [['new', 'demo', '--answers', 'a', '--answers', 'b'], '--answers was given 2 times'],
    [['new', 'demo', '--description', '--yes'], '--description needs a value'],
    [['new', 'demo', '--programs', '['], '--programs is not valid JSON'],
    [['new', 'demo', '-x'], 'new has no flag -x'],
    [['new', 'demo', '--force'], 'new has no flag --force'],
    [['new', 'demo', '--conflict=best'], '--conflict must be one of abort, markers'],
    [['new', 'demo', '--destination', '/'], 'is the root of all folders'],
    [['resolve', 'README.md'], 'resolve needs one of --ours, --theirs and --merged'],
    [['adopt'], 'adopt needs the path of a file'],
    [['--quiet', 'new'], '--quiet must come after the verb'],
    [['-v'], 'there is no flag -v without a verb; makina-image --help lists both'],
  ])('%j is refused in one sentence', async (args, sentence) => {
    const dir = tempDir();
    const { exitCode, stderr } = await makinaImage(dir, args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
    expect(readTree(dir)).toEqual({});
  });

  test('a folder that cannot be made is an error', async () => {
    const { exitCode, stderr } = await makinaImage(tempDir(), [
      'new',
      'demo',
      '--yes',
      '--destination',
      '/proc/none/demo',
    ]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('cannot write to /proc/none/demo: ENOENT')]);
  });

  test.each([
    ['broken.yaml', 'a: [1'],
    ['broken.json', '{"a": 1,}'],
    ['twice.yaml', 'name: a\nname: b\n'],
    ['twice.json', '{"name": "a", "name": "b"}'],
    ['list.yaml', '- name'],
    ['empty.yaml', ''],
    ['tag.yaml', 'app: {a: !vault x}'],
    ['date.yaml', 'app: {a: !!timestamp 2024-01-01}'],
    ['endless.yaml', 'app: &a {self: *a}'],
    ['number.json', '{"app": {"a": 12345678901234567890}}'],
  ])('an unusable answers file (%s) is named', async (name, text) => {
    const dir = tempDir();
    writeFileSync(join(dir, name), text);
    const { exitCode, stderr } = await makinaImage(dir, ['new', 'demo', '--answers', name]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(new RegExp(`${name}|app`));
    expect(stderr).not.toContain('    at ');
    expect(existsSync(join(dir, 'demo'))).toBe(false);
  });

  test('writes nothing if the path is not UTF-8, which Node reads as another one', async () => {
    const dir = tempDir();
    const script = 'mkdir $(printf "a\\377b") && cd a?b && node "$0" new demo --yes';
    const { exitCode, stderr } = await execa('sh', ['-c', script, BIN], {
      cwd: dir,
      reject: false,
      env: { LC_ALL: 'C' },
    });
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/is not UTF-8, so nothing can be written there; choose/),
    ]);
    expect(readdirSync(dir)).toHaveLength(1);
  });
  test.each([
    ['new demo --yes'],
    ['help'],
    ['--version'],
    ['schema answers'],
  ])('%s whose output is lost does its work, and ends with 1 and one sentence', async (words) => {
    const dir = tempDir();
    const script = `node "$0" ${words} > /dev/full`;
    const { exitCode, stderr } = await execa('sh', ['-c', script, BIN], { cwd: dir, reject: false });
    const told = stderr.split('\n').filter((line) => line.includes('cannot be written'));
    expect([exitCode, told]).toEqual([1, [expect.stringContaining('(ENOSPC: no space left on device, write)')]]);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(existsSync(join(dir, 'demo/README.md'))).toBe(words.startsWith('new'));
  });

  test.each([
    ['YAML', '$schema: x\nname: piped\npublish: 81\n'],
    ['JSON', '{"$schema": "x", "name": "piped",\t"publish": 81}'],
    ['flow YAML', '{name: piped, publish: 81}'],
  ])('takes answers on standard input: %s', async (_, input) => {
    const dir = tempDir();
    const { exitCode, stderr } = await makinaImage(dir, ['new', '--answers', '-'], { stdin: 'pipe', input });
    expect([exitCode, stderr]).toEqual([0, '']);
    const { answers } = JSON.parse(readFileSync(join(dir, 'piped/.yo-rc.json'), 'utf8'))['generator-makina-image'];
    expect(answers).toEqual({ name: 'piped', publish: 81 });
  });

  test.each([
    ['', 'found nothing on standard input'],
    [' \n', 'found nothing on standard input'],
    ['- name', 'standard input must hold one mapping'],
    ['{"name": ', 'standard input cannot be read as JSON or YAML'],
    [Buffer.from([0xff]), 'standard input cannot be read as JSON or YAML'],
    ['description: x', 'name is required'],
  ])('refuses %j on standard input, in one sentence', async (input, sentence) => {
    const dir = tempDir();
    const { exitCode, stderr } = await makinaImage(dir, ['new', '--answers=-'], { stdin: 'pipe', input });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(sentence)]);
    expect(readTree(dir)).toEqual({});
  });

  test('never waits on a pipe that stays open', async () => {
    const started = execa('node', [BIN, 'new'], { cwd: tempDir(), reject: false, stdin: 'pipe', timeout: 20_000 });
    expect((await started).exitCode).toBe(2);
  });

  test('a base image is written into no project, and a project into no base image', async () => {
    const dir = tempDir();
    await makinaImage(dir, ['new', 'demo', '--yes']);
    await makinaImage(dir, ['base', 'image']);
    const before = readTree(dir);
    for (const [folder, words] of [
      ['demo', ['base', '.']],
      ['image', ['new', '.', '--yes']],
    ] as const) {
      const { exitCode, stderr } = await makinaImage(join(dir, folder), [...words]);
      expect([exitCode, stderr]).toEqual([
        2,
        expect.stringContaining('cannot be written into it; name another folder'),
      ]);
    }
    expect(readTree(dir)).toEqual(before);
  });

  test('never waits on a FIFO either', async () => {
    const dir = tempDir();
    await execa('mkfifo', [join(dir, 'answers.yaml'), join(dir, '.yo-rc.json')]);
    expect((await makinaImage(dir, ['new', 'demo', '--destination', 'x', '--answers', 'answers.yaml'])).exitCode).toBe(
      2,
    );
    expect((await makinaImage(dir, ['new', 'demo', '--destination', '.'])).exitCode).toBe(3);
  });

  test('takes answers that were changed manually, and replaces an edit of the same lines only with --conflict', async () => {
    const dir = tempDir();
    await makinaImage(dir, ['new', 'demo']);
    const [yoRc, compose] = [join(dir, 'demo/.yo-rc.json'), join(dir, 'demo/compose.yaml')];
    writeFileSync(yoRc, readFileSync(yoRc, 'utf8').replace('"name": "demo"', '"name": "demo", "publish": 9000'));
    writeFileSync(compose, readFileSync(compose, 'utf8').replace('8080:80', '8081:80'));
    const before = readTree(join(dir, 'demo'));
    const { exitCode, stderr } = await makinaImage(join(dir, 'demo'), ['new']);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('  compose.yaml')]);
    expect(readTree(join(dir, 'demo'))).toEqual(before);
    await makinaImage(join(dir, 'demo'), ['new', '--conflict=theirs']);
    expect(readTree(join(dir, 'demo'))['compose.yaml']).toContain('9000:80');
  });

  test('finishes at the next run what a killed run left half done, or takes it back', async () => {
    const dir = tempDir();
    const change = ['new', 'demo', '--publish', '9000', '--description', 'Other'];
    await makinaImage(dir, ['new', 'demo']);
    const before = readTree(join(dir, 'demo'));
    await makinaImage(dir, change);
    const after = readTree(join(dir, 'demo'));
    const script = killAfterRenames.toString().replace(/^.*?\{|\}$/gs, '');
    for (const renames of [1, 3, 6]) {
      rmSync(join(dir, 'demo'), { recursive: true });
      await makinaImage(dir, ['new', 'demo']);
      expect(readTree(join(dir, 'demo'))).toEqual(before);
      const killed = await execa('node', ['-e', script, String(renames), BIN, ...change], { cwd: dir, reject: false });
      expect(killed.signal).toBe('SIGKILL');
      await makinaImage(dir, change);
      expect(readTree(join(dir, 'demo'))).toEqual(after);
    }
  });

  test('leaves deleted and linked seeds to the user, and refuses to rename a project', async () => {
    const dir = tempDir();
    await makinaImage(dir, ['new', 'demo']);
    rmSync(join(dir, 'demo/project/app/server.py'));
    renameSync(join(dir, 'demo/pillar'), join(dir, 'pillar'));
    symlinkSync('../pillar', join(dir, 'demo/pillar'));
    expect((await makinaImage(dir, ['new', 'demo', '--publish', '9000'])).exitCode).toBe(0);
    expect(existsSync(join(dir, 'demo/project/app/server.py'))).toBe(false);
    const { exitCode, stderr } = await makinaImage(dir, ['new', 'other', '--destination', 'demo']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('cannot be renamed')]);
  });

  test('refuses the folders of the generator itself, and leaves a folder beside them alone', async () => {
    for (const folder of ['.', 'templates/project', 'docs'])
      expect((await makinaImage(packageRoot, ['new', 'demo', '--destination', folder])).exitCode).toBe(2);
    expect(existsSync(join(packageRoot, '.yo-rc.json'))).toBe(false);
  });

  test('reports a folder that cannot be written with 1', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'file'), '');
    const { exitCode, stderr } = await makinaImage(dir, ['new', 'demo', '--destination', 'file/below', '--yes']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/not a (directory|folder).*file\/below/)]);
    expect(readTree(dir)).toEqual({ file: '' });
  });
});

describe('on a terminal', () => {
  test('asks what is open, checks as one types, and takes Enter for the default', async () => {
    const dir = tempDir();
    const { exitCode, stdout } = await onTerminal(
      dir,
      ['node', BIN, 'new'],
      [
        ['Name of the project?', 'Bad Name\r'],
        ['must be 1 to 27', '\x15asked\r'],
        ['What do you start with?', 'empty\r'],
        ['What is it, in one line?', '\r'],
        ['Write this?', '\r'],
      ],
    );
    expect(stdout).toMatch(/\+.* project\//);
    expect(stdout).toContain('files written');
    expect(exitCode).toBe(0);
    const { answers } = JSON.parse(readFileSync(join(dir, 'asked/.yo-rc.json'), 'utf8'))['generator-makina-image'];
    expect(answers).toEqual({ name: 'asked', demo: false });
  });
  test('suggests the stack whose files are in the folder', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'package.json'), '{}');
    const { exitCode, stdout } = await onTerminal(
      dir,
      ['node', BIN, 'new', '.', '--name', 'shop'],
      [
        ['What do you start with?', '\r'],
        ['What is it, in one line?', '\r'],
        ['Write this?', '\r'],
      ],
    );
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('move it to project/app')]);
    const { answers } = JSON.parse(readFileSync(join(dir, '.yo-rc.json'), 'utf8'))['generator-makina-image'];
    expect(answers.programs.web.cmd).toBe('node server.js');
    expect(readTree(dir)).not.toHaveProperty('project/app/server.js');
  });
  test('shows what it would write, and writes nothing if that is not wanted', async () => {
    const dir = tempDir();
    const { exitCode, stdout } = await onTerminal(
      dir,
      ['node', BIN, 'new', 'demo', '--no-demo'],
      [
        ['What is it, in one line?', '\r'],
        ['Write this?', 'n\r'],
      ],
    );
    expect([exitCode, stdout]).toEqual([130, expect.stringContaining('nothing was written')]);
    expect(readTree(dir)).toEqual({});
  });
  test('stops with 130 at Ctrl-C', async () => {
    const dir = tempDir();
    const { exitCode, stdout } = await onTerminal(dir, ['node', BIN, 'new'], [['Name of the project?', '\x03']]);
    expect([exitCode, stdout]).toEqual([130, expect.stringContaining('nothing was written')]);
  });
  test('reads no answers from a terminal', async () => {
    const { exitCode, stdout } = await onTerminal(tempDir(), ['node', BIN, 'new', '--answers', '-'], []);
    expect([exitCode, stdout]).toEqual([2, expect.stringContaining('pipe the answers in, or name a file')]);
  });
  test.each([
    [{ CI: 'true' }, []],
    [{}, ['--yes']],
  ])('asks nothing with %j %j', async (env, flags) => {
    const { exitCode, stdout } = await onTerminal(tempDir(), ['node', BIN, 'new', ...flags], [], env);
    expect(exitCode).toBe(2);
    expect(stdout).toContain('name is required');
  });
  test.each(['', '0', 'false', 'False', 'no', 'off'])('asks with CI=%s, which is a word for no', async (CI) => {
    const { exitCode } = await onTerminal(tempDir(), ['node', BIN, 'new'], [['Name of the project?', '\x03']], { CI });
    expect(exitCode).toBe(130);
  });
});

describe('makina-image', () => {
  test('base writes the folder of the base image', async () => {
    const dir = tempDir();
    const { exitCode, stdout } = await makinaImage(dir, ['base', 'base-image']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('docker build -t makina-image-base:');
    expect(Object.keys(readTree(join(dir, 'base-image')))).toContain('Dockerfile');
    expect((await makinaImage(dir, ['base', 'base-image'])).stdout).toContain('up to date');
  });
  test('new --stack takes the name of a stack, or a file of your own', async () => {
    const dir = tempDir();
    expect((await makinaImage(dir, ['new', 'site', '--stack', 'static', '--yes'])).exitCode).toBe(0);
    expect(readTree(join(dir, 'site'))).toHaveProperty('project/app/public/index.html');
    writeFileSync(join(dir, 'own.yaml'), 'description: ours\nanswers: {publish: 9000}\n');
    expect((await makinaImage(dir, ['new', 'shop', '--stack', 'own.yaml', '--yes'])).exitCode).toBe(0);
    expect(readTree(join(dir, 'shop'))['compose.yaml']).toContain('9000:80');
    writeFileSync(join(dir, 'own.yaml'), 'description: ours\nanswers: {publish: many}\n');
    const { exitCode, stderr } = await makinaImage(dir, ['new', 'other', '--stack', 'own.yaml', '--yes']);
    expect([exitCode, stderr]).toEqual([
      2,
      'makina-image: the stack own.yaml cannot be used, nothing was written; correct it:\n  answers.publish must be a whole number from 1 to 65535',
    ]);
  });
  test('new says how to run it where that changed the image, and what to commit in a project that was there', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, '.yo-rc.json'), '{"generator-other": {}}');
    const next = async (...args: string[]) =>
      (await makinaImage(dir, ['new', ...args])).stdout.split('Next:\n\n')[1]?.replaceAll(/npx --no | {3}#.*|\n$/g, '');
    expect(await next('.', '--name', 'shop', '--yes')).toBe('  makina-image up');
    expect(await next('--packages', 'curl')).toBe('  makina-image up\n  git add -A . && git commit');
    expect(await next('--publish', '81')).toBe('  git add -A . && git commit');
  });
  test('prints its version and its flags', async () => {
    expect((await makinaImage('.', ['--version'])).stdout).toBe(version);
    expect((await makinaImage('.', ['new', '--help'])).stdout).toContain('--base-image TEXT');
    expect((await makinaImage('.', ['base', '--help'])).stdout).toContain('--conflict');
  });
});
