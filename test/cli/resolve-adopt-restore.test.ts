import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { actionOf, change, clash, newer, project, run, text } from '../support/projects.ts';
import { BIN } from '../support/run.ts';
import { contents, stamps } from '../support/snapshot.ts';

describe('a conflict', () => {
  async function conflicting(mode: string) {
    const root = project();
    clash(root);
    await run(newer, root, ['upgrade', `--conflict=${mode}`]);
    return root;
  }
  test.each([
    ['markers', '--ours', ['# mine']],
    ['markers', '--theirs', ['# of 9.0.0']],
    ['sidecar', '--ours', ['# mine']],
    ['sidecar', '--theirs', ['# of 9.0.0']],
    ['sidecar', '--merged', ['# mine']],
  ])('resolve of %s with %s', async (mode, side, lines) => {
    const root = await conflicting(mode);
    const { code, stdout } = await run(newer, join(root, 'project'), ['resolve', 'launch.sh', side]);
    expect([code, stdout]).toEqual([0, 'launch.sh: done']);
    expect(text(root, 'project/launch.sh').split('\n').slice(1, 2)).toEqual(lines);
    expect(text(root, 'project/launch.sh')).not.toMatch(/^(<|>){7}/m);
    expect(existsSync(join(root, 'project/launch.sh.makina-image-new'))).toBe(false);
    expect(statSync(join(root, 'project/launch.sh')).mode & 0o111).not.toBe(0);
    expect((await run(newer, root, ['check'])).code).toBe(0);
    if (side === '--theirs')
      expect(Object.values(contents(root)).filter((content) => content.includes('# mine'))).not.toEqual([]);
  });
  test.each([
    'resolve --ours',
    'resolve --merged',
    'adopt',
  ])('%s keeps what was written into a sidecar', async (verb) => {
    const root = await conflicting('sidecar');
    const [word = '', ...flags] = verb.split(' ');
    appendFileSync(join(root, 'project/launch.sh.makina-image-new'), '# my notes\n');
    expect((await run(newer, root, [word, 'project/launch.sh', ...flags])).code).toBe(0);
    expect(existsSync(join(root, 'project/launch.sh.makina-image-new'))).toBe(false);
    expect(Object.values(contents(root)).filter((content) => content.includes('# my notes'))).toHaveLength(1);
  });
  test('a file with the name of a sidecar, of no conflict, is the user’s', async () => {
    const root = project();
    writeFileSync(join(root, 'compose.yaml.makina-image-new'), 'mine');
    for (const args of [['resolve', 'compose.yaml', '--ours'], ['adopt', 'compose.yaml'], ['upgrade']])
      expect((await run(newer, root, args)).code).toBe(0);
    expect(text(root, 'compose.yaml.makina-image-new')).toBe('mine');
  });
  test('resolve --ours keeps every byte of what is not UTF-8, and backs up what it removes', async () => {
    const root = await conflicting('markers');
    const path = join(root, 'project/launch.sh');
    const marked = readFileSync(path, 'latin1').replace(/^>{7}/m, 'lost\n>>>>>>>');
    writeFileSync(path, `${marked}# caf\xe9 \xff\n`, 'latin1');
    expect((await run(newer, root, ['resolve', 'project/launch.sh', '--ours'])).code).toBe(0);
    expect(readFileSync(path, 'latin1')).toMatch(/# mine\n[\s\S]*# caf\xe9 \xff\n$/);
    const backups = readdirSync(join(root, '.makina-image/backup'));
    expect(backups.map((name) => text(root, `.makina-image/backup/${name}`))).toEqual([
      expect.stringContaining('\nlost\n'),
    ]);
  });
  test.each<[string, (marked: string) => string | Buffer]>([
    ['without the =======', (marked) => marked.replace(/^=======\n/m, '')],
    ['with another =======', (marked) => marked.replace('# mine\n', '# mine\n=======\n')],
    ['saved as UTF-16', (marked) => Buffer.from(marked, 'utf16le')],
  ])('markers %s are open, and only the user can resolve them', async (_, how) => {
    const root = await conflicting('markers');
    writeFileSync(join(root, 'project/launch.sh'), how(text(root, 'project/launch.sh')));
    const before = stamps(root);
    for (const side of ['--ours', '--theirs', '--merged']) {
      const { code, stderr } = await run(newer, root, ['resolve', 'project/launch.sh', side]);
      expect([side, code, stderr]).toEqual([side, 3, expect.stringContaining('still has conflict markers')]);
    }
    expect((await run(newer, root, ['check'])).code).toBe(3);
    expect(stamps(root)).toEqual(before);
  });
  test('a sidecar that was resolved manually stays resolved after adopt and restore', async () => {
    const root = await conflicting('sidecar');
    rmSync(join(root, 'project/launch.sh.makina-image-new'));
    for (const verb of ['adopt', 'restore']) expect((await run(newer, root, [verb, 'project/launch.sh'])).code).toBe(0);
    expect((await run(newer, root, ['check'])).code).toBe(0);
  });
  test('a file that is restored while its conflict is open has no conflict', async () => {
    const root = await conflicting('sidecar');
    appendFileSync(join(root, 'project/launch.sh.makina-image-new'), '# my notes\n');
    rmSync(join(root, 'project/launch.sh'));
    expect((await run(newer, root, ['restore', 'project/launch.sh'])).code).toBe(0);
    expect(JSON.parse(text(root, '.makina-image/manifest.json')).conflicts).toEqual({});
    expect(existsSync(join(root, 'project/launch.sh.makina-image-new'))).toBe(false);
    expect(Object.values(contents(root)).filter((content) => content.includes('# my notes'))).toHaveLength(1);
  });
  test('resolve --theirs does not replace a link', async () => {
    const root = project();
    rmSync(join(root, 'project/launch.sh'));
    symlinkSync('../compose.yaml', join(root, 'project/launch.sh'));
    const before = stamps(root);
    const { code, stderr } = await run(newer, root, ['resolve', 'project/launch.sh', '--theirs']);
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(
        /launch.sh is a link; move it away, then makina-image restore \S+launch.sh writes the file$/,
      ),
    ]);
    expect(stamps(root)).toEqual(before);
    rmSync(join(root, 'project/launch.sh'));
    expect((await run(newer, root, ['restore', 'project/launch.sh'])).code).toBe(0);
    expect(text(root, 'project/launch.sh')).toContain('# of 9.0.0');
  });
  test('what was adopted for some versions is merged from there after a restore', async () => {
    const root = project();
    appendFileSync(join(root, 'compose.yaml'), '# mine\n');
    const before = contents(root);
    expect((await run(BIN, root, ['adopt', 'compose.yaml'])).code).toBe(0);
    expect((await run(BIN, root, ['restore', 'compose.yaml'])).code).toBe(0);
    expect(contents(root)).toEqual(before);
    expect((await run(BIN, root, ['adopt', 'compose.yaml', 'project/launch.sh'])).code).toBe(0);
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect((await run(newer, root, ['restore', 'compose.yaml', 'project/launch.sh'])).code).toBe(0);
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, actionOf(report, 'compose.yaml'), actionOf(report, 'project/launch.sh')]).toEqual([
      0,
      'merged',
      'updated',
    ]);
    expect(text(root, 'compose.yaml')).toMatch(/# of 9.0.0\n[\s\S]*# mine\n$/);
  });
  test('resolve --merged wants the markers gone', async () => {
    const root = await conflicting('markers');
    const { code, stderr } = await run(newer, root, ['resolve', 'project/launch.sh', '--merged']);
    expect([code, stderr]).toEqual([3, expect.stringContaining('still has conflict markers')]);
    change(root, 'project/launch.sh', (launch) => launch.replace(/^[<|=>]{7}.*\n/gm, ''));
    expect((await run(newer, root, ['resolve', 'project/launch.sh', '--merged'])).code).toBe(0);
    expect(text(root, 'project/launch.sh')).toContain('\n# mine\n# of 9.0.0\n');
  });
  test('resolve refuses what is left of a group of markers', async () => {
    const root = await conflicting('markers');
    change(root, 'project/launch.sh', (launch) => launch.replace(/^<{7}.*\n/m, ''));
    for (const side of ['--merged', '--ours', '--theirs']) {
      const { code, stderr } = await run(newer, root, ['resolve', 'project/launch.sh', side]);
      expect([code, stderr]).toEqual([3, expect.stringContaining('still has conflict markers; edit them away')]);
    }
  });
  test.each(['resolve --ours', 'adopt'])('%s leaves no base and no sidecar behind', async (verb) => {
    const root = await conflicting('sidecar');
    const [word = '', ...flags] = verb.split(' ');
    expect((await run(newer, root, [word, 'project/launch.sh', ...flags])).code).toBe(0);
    expect(existsSync(join(root, 'project/launch.sh.makina-image-new'))).toBe(false);
    const before = stamps(root);
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect(stamps(root)).toEqual(before);
  });
  test('adopt keeps a file out of it, restore takes it in again', async () => {
    const root = project();
    clash(root);
    const mine = text(root, 'project/launch.sh');
    expect((await run(BIN, root, ['adopt', 'project/launch.sh'])).code).toBe(0);
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, report.adopted, actionOf(report, 'project/launch.sh')]).toEqual([
      0,
      ['project/launch.sh'],
      undefined,
    ]);
    expect(text(root, 'project/launch.sh')).toBe(mine);
    expect((await run(newer, root, ['restore', 'project/launch.sh'])).code).toBe(0);
    expect((await run(newer, root, ['check', '--json'])).report.adopted).toEqual([]);
    expect(text(root, 'project/launch.sh')).toBe(mine);
  });
  test('what was deleted stays deleted, until restore brings it back', async () => {
    const root = project();
    for (const path of ['project/launch.sh', 'pillar/init.sls']) rmSync(join(root, path));
    for (const bin of [BIN, newer, newer]) {
      expect((await run(bin, root, ['upgrade'])).code).toBe(0);
      expect(['project/launch.sh', 'pillar/init.sls'].filter((path) => existsSync(join(root, path)))).toEqual([]);
    }
    expect((await run(newer, root, ['restore', 'project/launch.sh', 'pillar/init.sls'])).code).toBe(0);
    expect([text(root, 'project/launch.sh'), text(root, 'pillar/init.sls')]).toEqual([
      expect.stringContaining('# of 9.0.0'),
      expect.stringContaining('# of 9.0.0'),
    ]);
    expect(statSync(join(root, 'project/launch.sh')).mode & 0o111).not.toBe(0);
    expect((await run(newer, root, ['check'])).code).toBe(0);
  });
  test('refuses what is not kept up to date, and what is there', async () => {
    const root = project();
    for (const [args, sentence] of [
      [['resolve', 'mine.txt', '--ours'], 'makina-image does not update mine.txt'],
      [['adopt', '../outside'], 'is not in a project'],
      [['restore', 'README.md'], 'README.md exists; restore only brings back'],
    ] as const)
      expect(await run(BIN, root, [...args])).toMatchObject({ code: 1, stderr: expect.stringContaining(sentence) });
  });
});
