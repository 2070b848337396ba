import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { faultyEnv } from '../support/fault-bin.ts';
import { change, git, project, run, text } from '../support/projects.ts';
import { BIN, makinaImage, startMakinaImage, tempDir } from '../support/run.ts';
import { contents, stamps } from '../support/snapshot.ts';

const FILE = `# The shop.
name: demo
publish: 9000   # behind the proxy
programs:
  # ours
  api:
    cmd: 'sleep 9'  # for now
    env: { WORKERS: 4 }
`;
const stored = (root: string) => JSON.parse(text(root, '.yo-rc.json'))['generator-makina-image'];

/** A project whose answers are in FILE. */
async function withFile(answers = FILE): Promise<string> {
  const root = project();
  writeFileSync(join(root, 'answers.yaml'), answers);
  const { exitCode, stderr } = await makinaImage(root, ['new', '--answers-yaml']);
  expect([exitCode, stderr]).toEqual([0, '']);
  return root;
}

test('a new project writes the file, which is then the truth', async () => {
  const folder = tempDir();
  await makinaImage(folder, ['new', 'shop', '--answers-yaml', '--publish', '9000', '--stack', 'static']);
  const root = join(folder, 'shop');
  expect(text(root, 'answers.yaml')).toMatch(/^# The answers of this project\..*\nname: shop\n/);
  expect(stored(root)).toMatchObject({ file: 'answers.yaml', answers: { name: 'shop', publish: 9000 } });
  change(root, 'answers.yaml', (yaml) => yaml.replace('9000', '9100'));
  const { code, reports } = await run(BIN, root, ['check', '--json']);
  expect([code, reports[0]?.files.map(({ path }) => path)]).toEqual([2, ['.yo-rc.json', 'README.md', 'compose.yaml']]);
  expect((await run(BIN, root, ['upgrade'])).code).toBe(0);
  expect([stored(root).answers.publish, text(root, 'compose.yaml')]).toEqual([9100, expect.stringContaining('9100')]);
  expect((await run(BIN, root, ['check'])).code).toBe(0);
});

test('a folder that has only the file becomes a project of it', async () => {
  const root = join(tempDir(), 'demo');
  mkdirSync(root);
  writeFileSync(join(root, 'answers.yaml'), FILE.replace('name: demo\n', ''));
  expect((await makinaImage(root, ['new', '.', '--description', 'Ours'])).exitCode).toBe(0);
  expect(text(root, 'answers.yaml')).toBe(`${FILE.replace('name: demo\n', '')}name: demo\ndescription: Ours\n`);
  expect(stored(root).answers).toMatchObject({ name: 'demo', publish: 9000, description: 'Ours' });
});

test('a file that no one asked for is not used, and doctor says so', async () => {
  const root = project();
  writeFileSync(join(root, 'answers.yaml'), FILE);
  expect((await run(BIN, root, ['check'])).code).toBe(0);
  await makinaImage(root, ['new', '--publish', '9200']);
  expect([text(root, 'answers.yaml'), stored(root).file, stored(root).answers.publish]).toEqual([
    FILE,
    undefined,
    9200,
  ]);
  expect((await run(BIN, root, ['doctor'])).stdout).toContain('it is not used: the answers are in .yo-rc.json');

  const asked = await makinaImage(root, ['new', '--answers-yaml', '--dry-run']);
  expect([asked.exitCode, asked.stdout]).toEqual([0, expect.not.stringContaining('Would be removed')]);
  await makinaImage(root, ['new', '--packages', 'curl']);
  const dry = await makinaImage(root, ['new', '--answers-yaml', '--dry-run']);
  expect(dry.stdout).toMatch(/Would be removed from the answers:\n {2}packages$/);
  await makinaImage(root, ['new', '--answers-yaml']);
  expect([text(root, 'answers.yaml'), stored(root).answers.packages]).toEqual([FILE, undefined]);
});

test('flags and the verbs of one entry change the file, and keep all else of it', async () => {
  const root = await withFile();
  const before = contents(root);
  for (const words of [
    ['circus-program', 'worker', '--cmd', 'sleep 3', '--port', '8001', '--location', '/w/'],
    ['circus-program', '--remove', 'worker'],
  ])
    expect((await makinaImage(root, words)).exitCode).toBe(0);
  expect(contents(root)).toEqual(before);

  const set = await makinaImage(root, [
    'circus-program',
    'api',
    '--cmd',
    'sleep 5',
    '--unset',
    'env.WORKERS',
    '--env',
    'A=yes',
  ]);
  expect([set.exitCode, set.stderr]).toEqual([0, '']);
  await makinaImage(root, ['new', '--publish', '9001', '--packages', 'curl']);
  await makinaImage(root, ['ci', 'github']);
  expect(text(root, 'answers.yaml')).toBe(
    `${FILE.replace('9000', '9001').replace("'sleep 9'", "'sleep 5'").replace('WORKERS: 4', 'A: "yes"')}packages:\n  - curl\nci:\n  - github\n`,
  );
  expect((await run(BIN, root, ['check'])).code).toBe(0);
  expect((await makinaImage(root, ['circus-program', '--list'])).stdout).toContain('sleep 5');
  expect((await makinaImage(root, ['circus-program', 'web', '--remove', 'web'])).exitCode).toBe(2);
  await makinaImage(root, ['circus-program', '--remove', 'web']);
  expect(text(root, 'answers.yaml')).toContain('    env: { A: "yes" }\n  web: null\n');
});

test('what goes with a comment is in the backup', async () => {
  const root = await withFile();
  await makinaImage(root, ['circus-program', '--remove', 'api']);
  expect(text(root, 'answers.yaml')).toBe(`${FILE.split('  api:')[0]?.replace('programs:', 'programs: {}')}`);
  const backups = readdirSync(join(root, '.makina-image/backup'));
  expect(backups.map((name) => text(root, `.makina-image/backup/${name}`))).toEqual([FILE]);
});

test('another file of answers is merged into it, or with --exact takes its place', async () => {
  const root = await withFile();
  writeFileSync(join(root, '../more.yaml'), 'publish: 9001\n');
  await makinaImage(root, ['new', '--answers', '../more.yaml']);
  expect(text(root, 'answers.yaml')).toBe(FILE.replace('9000', '9001'));
  const { stdout } = await makinaImage(root, ['new', '--answers', '../more.yaml', '--exact']);
  expect(stdout).toContain('Removed from the answers:\n  programs.api');
  expect(text(root, 'answers.yaml')).toBe(
    '# The shop.\nname: demo\npublish: 9001   # behind the proxy\nprograms: {}\n  # ours\n',
  );
});

test('--no-answers-yaml goes back to .yo-rc.json, also without the file', async () => {
  const root = await withFile();
  change(root, 'answers.yaml', (yaml) => yaml.replace('9000', '9001'));
  expect((await makinaImage(root, ['new', '--no-answers-yaml'])).exitCode).toBe(0);
  expect([stored(root).file, stored(root).answers.publish]).toEqual([undefined, 9001]);
  await makinaImage(root, ['new', '--answers-yaml']);
  rmSync(join(root, 'answers.yaml'));
  const lost = await run(BIN, root, ['check', '--json']);
  expect([lost.code, lost.reports[0]?.error]).toEqual([1, expect.stringContaining('answers.yaml is missing')]);
  expect((await makinaImage(root, ['new', '--no-answers-yaml'])).exitCode).toBe(0);
  expect((await run(BIN, root, ['check'])).code).toBe(0);
});

describe('what cannot be used is one sentence, and nothing is written', () => {
  test.each([
    ['a field that is wrong', 'name: demo\npublish: 70000\n', /publish must be .*; correct it in \S+answers\.yaml:2$/],
    ['an unknown field', 'name: demo\nprograms:\n  api:\n    comd: x\n', /comd is not a known field/],
    [
      'markers of a merge',
      'name: demo\n<<<<<<< HEAD\npublish: 1\n=======\npublish: 2\n>>>>>>> x\n',
      /answers\.yaml:2: a merge left conflict markers/,
    ],
    ['an idle null', 'name: demo\napp:\n  x: null\n', /answers\.yaml:3: app\.x is null/],
    ['another name', 'name: other\n', /answers\.yaml says the name other/],
    ['nothing', '', /answers\.yaml is empty, as after a power loss/],
    ['bytes that are not UTF-8', Buffer.from([0x6e, 0xff, 0x0a]), /answers\.yaml is not UTF-8/],
    ['a broken text', 'name: [', /answers\.yaml cannot be read as YAML/],
    [
      'half of a character',
      'name: demo\ndescription: "\\ud800"\n',
      /answers\.yaml:2: description has half of a character/,
    ],
  ])('%s', async (_, bytes, words) => {
    const root = await withFile();
    writeFileSync(join(root, 'answers.yaml'), bytes);
    const before = stamps(root);
    for (const words of [['check'], ['diff'], ['upgrade']]) expect((await run(BIN, root, words)).code).toBe(1);
    const { exitCode, stderr } = await makinaImage(root, ['new']);
    expect(exitCode).toBeGreaterThan(0);
    expect(stderr).toMatch(words);
    expect((await makinaImage(root, ['circus-program', 'x', '--cmd', 'y'])).stderr).toMatch(words);
    expect((await makinaImage(root, ['doctor'])).stdout).toMatch(/error {4}\w+: .*answers\.yaml/);
    expect(stamps(root)).toEqual(before);
  });

  test('a link, and a folder', async () => {
    const root = await withFile();
    renameSync(join(root, 'answers.yaml'), join(root, '../answers.yaml'));
    symlinkSync('../answers.yaml', join(root, 'answers.yaml'));
    const linked = await makinaImage(root, ['new', '--publish', '9001']);
    expect([linked.exitCode, linked.stderr]).toEqual([3, expect.stringContaining('answers.yaml is not a file')]);
    expect(readFileSync(join(root, '../answers.yaml'), 'utf8')).toBe(FILE);
    rmSync(join(root, 'answers.yaml'));
    mkdirSync(join(root, 'answers.yaml'));
    expect((await run(BIN, root, ['check'])).code).toBe(1);
  });
});

test('a build says that an edit was not applied yet', async () => {
  const root = await withFile();
  const path = tempDir();
  // It does nothing, and well.
  writeFileSync(join(path, 'docker'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync(process.execPath, join(path, 'node'));
  const told = async () => {
    const { exitCode, stderr } = await makinaImage(root, ['build'], { env: { PATH: `${path}:/usr/bin:/bin` } });
    return [exitCode, stderr.split('\n').filter((line) => line.includes('answers.yaml'))];
  };
  const sentence =
    '==> answers.yaml was edited and not applied yet, so this builds what the answers before it made; run makina-image upgrade to apply it';
  expect(await told()).toEqual([0, []]);
  change(root, 'answers.yaml', (yaml) => `# A comment is no answer.\n${yaml.replace(': demo', ': "demo"')}`);
  expect(await told()).toEqual([0, []]);
  change(root, 'answers.yaml', (yaml) => yaml.replace('9000', '9001'));
  expect(await told()).toEqual([0, [sentence]]);
  await makinaImage(root, ['upgrade']);
  expect(await told()).toEqual([0, []]);
});

test('a verb that is killed has changed the file whole or not at all', { timeout: 600_000 }, async () => {
  const root = await withFile();
  const words = ['circus-program', 'worker', '--cmd', 'sleep 3'];
  const seen = join(tempDir(), 'seen');
  const copy = () => {
    const place = join(tempDir(), 'demo');
    cpSync(root, place, { recursive: true });
    return place;
  };
  const whole = copy();
  await startMakinaImage(whole, words, { env: faultyEnv({}, seen) });
  const changes: number[] = JSON.parse(readFileSync(seen, 'utf8'));
  const texts = [FILE, text(whole, 'answers.yaml')];
  expect(texts[1]).toBe(`${FILE}  worker:\n    cmd: sleep 3\n`);
  const found = new Set<string>();
  for (const at of changes.filter((_, index) => index % 3 === 0)) {
    const place = copy();
    const { signal } = await startMakinaImage(place, words, {
      env: faultyEnv({ signal: { at, when: 'after', name: 'SIGKILL' } }),
      reject: false,
    });
    expect(signal, `call ${at}`).toBe('SIGKILL');
    // The next run undoes it or finishes it.
    expect((await run(BIN, place, ['upgrade'])).code, `call ${at}`).toBe(0);
    expect(texts, `call ${at}`).toContain(text(place, 'answers.yaml'));
    expect(stored(place).answers.programs.worker !== undefined, `call ${at}`).toBe(
      text(place, 'answers.yaml') === texts[1],
    );
    expect((await run(BIN, place, ['check'])).code, `call ${at}`).toBe(0);
    found.add(text(place, 'answers.yaml'));
  }
  expect(found.size).toBe(2);
});

test('a merge that stopped in the copy needs no one', async () => {
  const root = await withFile();
  change(root, '.yo-rc.json', (json) =>
    json.replace(/( *"publish": )9000,\n/, '<<<<<<< HEAD\n$19000,\n=======\n$19001,\n>>>>>>> other\n'),
  );
  expect((await run(BIN, root, ['check'])).code).toBe(2);
  expect((await run(BIN, root, ['upgrade'])).code).toBe(0);
  expect(stored(root)).toMatchObject({ file: 'answers.yaml', answers: { publish: 9000 } });
});

test('a copy that is lost is written again', async () => {
  const root = await withFile();
  rmSync(join(root, '.yo-rc.json'));
  expect((await run(BIN, root, ['upgrade'])).code).toBe(0);
  expect(stored(root)).toMatchObject({ file: 'answers.yaml', answers: { publish: 9000 } });
});

test('doctor names the file if git ignores it', async () => {
  const root = await withFile();
  await git(root, 'init', '--quiet');
  change(root, '.gitignore', (ignored) => `${ignored}answers.yaml\n`);
  expect((await makinaImage(root, ['doctor'])).stdout).toContain(
    'answers.yaml is ignored, and a fresh clone cannot be upgraded without it',
  );
});

test('the package works without its dependencies, as in CI', async () => {
  const root = await withFile();
  change(root, 'answers.yaml', (yaml) => yaml.replace('9000', '9001'));
  const alone = tempDir();
  for (const name of ['dist', 'templates', 'package.json'])
    cpSync(join(packageRoot, name), join(alone, name), { recursive: true });
  const bin = join(alone, 'dist/makina-image.cjs');
  expect((await execa('node', [bin, 'check'], { cwd: root, reject: false })).exitCode).toBe(2);
  expect((await execa('node', [bin, 'upgrade'], { cwd: root, reject: false })).exitCode).toBe(0);
  expect(stored(root).answers.publish).toBe(9001);
});
