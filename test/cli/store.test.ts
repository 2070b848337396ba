import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256Of } from '../../generators/lib/sha256.ts';
import { doctor } from '../support/doctor.ts';
import { change, git, newer, project, repository, run, text } from '../support/projects.ts';
import { BIN, tempDir } from '../support/run.ts';

const BASE = '.makina-image/base';
const ATTRIBUTES = '.makina-image/.gitattributes';

/** The bases that are not what their names say. */
const broken = (root: string) =>
  readdirSync(join(root, BASE)).filter((name) => sha256Of(readFileSync(join(root, BASE, name))) !== name);

const eachBase = (root: string, act: (path: string) => void) =>
  readdirSync(join(root, BASE)).map((name) => act(join(root, BASE, name)));

const upgrade = async (root: string, bin = BIN) => (await run(bin, root, ['upgrade', '--allow-dirty'])).code;

describe('what the engine keeps', () => {
  test.each<[string, (root: string) => void]>([
    ['ends with another line', (root) => eachBase(root, (path) => appendFileSync(path, '\n'))],
    [
      'has the line ends of Windows',
      (root) => eachBase(root, (path) => writeFileSync(path, readFileSync(path, 'utf8').replaceAll('\n', '\r\n'))),
    ],
    ['is empty', (root) => eachBase(root, (path) => writeFileSync(path, ''))],
    ['is gone', (root) => rmSync(join(root, BASE), { recursive: true })],
  ])('is reported by doctor and repaired by the next run if it %s', async (_, harm) => {
    const root = project();
    const files = readdirSync(join(root, BASE));
    harm(root);
    expect((await doctor(root)).of('store')).toMatchObject({
      level: 'warning',
      what: expect.stringMatching(/^\d+ bases of your next merge cannot be used, for .* and \d+ more$/),
      where: expect.stringContaining(`${BASE}/`),
      fix: `\`makina-image upgrade ${root}\` fixes it`,
    });
    expect(await upgrade(root)).toBe(0);
    expect([broken(root), readdirSync(join(root, BASE))]).toEqual([[], files]);
    expect((await doctor(root)).of('store')).toBeUndefined();
  });

  test('is not followed through a link', async () => {
    const root = project();
    const outside = tempDir();
    const [name] = readdirSync(join(root, BASE)) as [string];
    writeFileSync(join(outside, 'x'), 'mine');
    rmSync(join(root, BASE, name));
    symlinkSync(join(outside, 'x'), join(root, BASE, name));
    const { code, stderr } = await run(BIN, root, ['upgrade']);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${name} is a link`)]);
    expect(readFileSync(join(outside, 'x'), 'utf8')).toBe('mine');
  });

  test.each<[string, (root: string) => void]>([
    ['gone', (root) => rmSync(join(root, ATTRIBUTES))],
    ['another', (root) => writeFileSync(join(root, ATTRIBUTES), '* text=auto\n')],
  ])('.gitattributes comes back where it is %s', async (_, harm) => {
    const root = project();
    const before = text(root, ATTRIBUTES);
    harm(root);
    expect((await doctor(root)).of('store')).toMatchObject({ where: join(root, ATTRIBUTES) });
    expect(await upgrade(root)).toBe(0);
    expect(text(root, ATTRIBUTES)).toBe(before);
  });

  test('another layout is not an edit: nothing is written for it', async () => {
    const root = project();
    const manifest = join(root, '.makina-image/manifest.json');
    const laidOut = JSON.stringify(JSON.parse(readFileSync(manifest, 'utf8')), null, 4);
    writeFileSync(manifest, laidOut);
    chmodSync(manifest, 0o755);
    expect(await upgrade(root)).toBe(0);
    expect(readFileSync(manifest, 'utf8')).toBe(laidOut);
  });

  test('a clone with Windows line ends is upgraded, whatever git did to its bases', async () => {
    const root = project();
    rmSync(join(root, ATTRIBUTES));
    await repository(root);
    const clone = join(tempDir(), 'clone');
    await git(root, 'clone', '--quiet', '--config', 'core.autocrlf=true', root, clone);
    expect(broken(clone)).not.toEqual([]);
    change(clone, 'compose.yaml', (compose) => `# mine\r\n${compose}`);
    expect(await upgrade(clone, newer)).toBe(0);
    expect([broken(clone), text(clone, 'compose.yaml')]).toEqual([[], expect.stringContaining('# mine')]);
  });

  test('a lost base is found among the commits of its file', async () => {
    const root = await repository(project());
    change(root, 'compose.yaml', (compose) => `# mine\n${compose}`);
    await git(root, 'commit', '--quiet', '--all', '--message', 'mine');
    rmSync(join(root, BASE), { recursive: true });
    mkdirSync(join(root, BASE));
    expect(await upgrade(root, newer)).toBe(0);
    expect(text(root, 'compose.yaml')).toMatch(/^# mine\n/);
  });

  test('one that is lost is reported, and so is the conflict', async () => {
    const root = project();
    change(root, 'compose.yaml', (compose) => `# mine\n${compose}`);
    rmSync(join(root, BASE), { recursive: true });
    const { stdout } = await run(newer, root, ['doctor']);
    expect(stdout).toContain('restore .makina-image/base from your git history');
    expect(await upgrade(root, newer)).toBe(3);
  });
});

test.each([
  ['project/launch.sh', 'is larger than 1 GiB; move it away'],
  ['.yo-rc.json', 'is larger than 16 MiB, which no answers are'],
])('%s of gigabytes is reported in one sentence', async (path, sentence) => {
  const root = project();
  truncateSync(join(root, path), 3 * 2 ** 30);
  const { code, stderr } = await run(BIN, root, ['check', '.']);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`${join(root, path)} ${sentence}`)]);
});
