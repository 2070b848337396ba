import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { needs } from '../support/needs.ts';
import { otherVersion } from '../support/newer.ts';
import { actionOf, change, made, newer, project, run, text } from '../support/projects.ts';
import { BIN, makinaImage, tempDir } from '../support/run.ts';
import { stamps } from '../support/snapshot.ts';
import { asUser, readableCheckout, userDir } from '../support/user.ts';

const asRoot = needs('root', process.getuid?.() === 0);

describe('a project as it comes', () => {
  const answers = (how: (text: string) => string) => (root: string) => change(root, '.yo-rc.json', how);
  const app = (value: string) => answers((all) => all.replace('"answers": {', `"answers": {"app": {"x": ${value}},`));
  test.each<[string, (root: string) => void, string]>([
    ['a number that would be rounded', app('12345678901234567890'), 'app.x is too large a number to be kept exactly'],
    ['half of a character', app('"\\ud800"'), 'app.x has half of a character in it'],
    ['a depth without end', app('['.repeat(5000) + ']'.repeat(5000)), 'app is nested deeper than 100 levels'],
    [
      'a number of another generator',
      answers((all) => all.replace('{', '{"other": {"n": 12345678901234567890},')),
      'other.n is too large a number to be kept exactly',
    ],
    [
      'answers behind a link',
      (root) => {
        cpSync(join(root, '.yo-rc.json'), join(root, 'answers.json'));
        rmSync(join(root, '.yo-rc.json'));
        symlinkSync('answers.json', join(root, '.yo-rc.json'));
      },
      '.yo-rc.json is not a file, which has to be written there',
    ],
  ])('is refused with %s, and keeps no other from its turn', async (_, prepare, sentence) => {
    const parent = tempDir();
    const [root, other] = [project('a', parent), project('b', parent)];
    prepare(root);
    const before = stamps(root);
    for (const verb of ['check', 'upgrade']) {
      const { code, reports } = await run(newer, parent, [verb, '--json', root, other]);
      expect([code, reports.map(({ error }) => error)]).toEqual([1, [expect.stringContaining(sentence), undefined]]);
    }
    expect(stamps(root)).toEqual(before);
    expect(text(other, 'compose.yaml')).toContain('# of 9.0.0');
    expect((await makinaImage(root, ['doctor', '--json'])).stdout).toContain(sentence);
  });
  test.each<[string, (root: string) => void]>([
    ['Windows line ends', answers((all) => all.replaceAll('\n', '\r\n'))],
    ['a byte order mark', answers((all) => `\uFEFF${all}`)],
    ['a folder among the bases', (root) => mkdirSync(join(root, '.makina-image/base/@eaDir'))],
  ])('is in sync with %s', async (_, prepare) => {
    const root = project();
    prepare(root);
    const before = stamps(root);
    for (const verb of ['check', 'upgrade']) expect((await run(BIN, root, [verb])).code).toBe(0);
    expect(stamps(root)).toEqual(before);
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
  });
});

describe('a checkout with Windows line ends', () => {
  test('is upgraded as any other: what the templates removed goes, what they changed keeps its line ends', async () => {
    const root = project();
    const version = join(tempDir(), 'less');
    const less = otherVersion(version, '9.0.0', { 'project/README.md': (text) => `${text}\nNews\n` });
    change(version, 'dist/bundle.cjs', (code) => code.replace('".editorconfig"', '".other"'));
    cpSync(join(version, 'templates/project/.editorconfig.ejs'), join(version, 'templates/project/.other.ejs'));
    for (const path of ['.editorconfig', 'README.md']) change(root, path, (text) => text.replaceAll('\n', '\r\n'));
    const { code, report } = await run(less, root, ['upgrade', '--json']);
    expect([code, actionOf(report, '.editorconfig'), actionOf(report, 'README.md')]).toEqual([0, 'removed', 'merged']);
    expect(text(root, 'README.md')).toMatch(/\r\nNews\r\n$/);
  });
});

describe('as root, and of a user', () => {
  const { checkout, remove } = readableCheckout();
  afterAll(remove);
  asRoot('what is written belongs to the user', async () => {
    const root = project('demo', userDir());
    const own = () => execa('find', [root, '!', '-user', '1000', '-o', '!', '-group', '1000']);
    await execa('chown', ['--recursive', '1000:1000', root]);
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect((await run(newer, root, ['nginx-vhost', 'admin.example.com'])).code).toBe(0);
    expect((await run(newer, root, ['ci', 'github'])).code).toBe(0);
    expect([existsSync(join(root, '.github/workflows')), (await own()).stdout]).toEqual([true, '']);
  });
  asRoot('what is taken back belongs to the user, and a replaced file keeps its group', async () => {
    // www-data, whose own group has its number.
    const user = '33';
    const top = tempDir();
    chmodSync(top, 0o755);
    const root = project('demo', top);
    await execa('chown', ['--recursive', `${user}:${user}`, root]);
    expect((await run(BIN, root, ['ci', 'github'])).code).toBe(0);
    change(root, '.yo-rc.json', (all) => all.replace(/,\s*"ci": \[[^\]]*\]/, ''));
    await execa('chown', [`0:${user}`, join(root, 'compose.yaml')]);
    const full = join(tempDir(), 'full.cjs');
    writeFileSync(
      full,
      `const fs = require('node:fs'), { renameSync } = fs;
      fs.renameSync = (from, to) => {
        if (to.endsWith('manifest.json')) throw Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC', syscall: 'rename' });
        renameSync(from, to);
      };`,
    );
    const failed = await run(newer, root, ['upgrade'], { env: { CI: '', NODE_OPTIONS: `--require ${full}` } });
    expect([failed.code, existsSync(join(root, '.github/workflows/makina-image.yml'))]).toEqual([1, true]);
    const own = ['!', '-path', '*/compose.yaml', '!', '-user', user];
    expect((await execa('find', [root, ...own])).stdout).toBe('');
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect((await execa('find', [root, ...own])).stdout).toBe('');
    expect((await execa('find', [join(root, 'compose.yaml'), '-user', user, '-group', user])).stdout).not.toBe('');
  });
  asRoot('a data folder that one may not enter is in nobody’s way', async () => {
    const root = join(userDir(), 'demo');
    cpSync(join(made, 'demo'), root, { recursive: true });
    await execa('chown', ['--recursive', '1000:1000', root]);
    chmodSync(join(root, 'data'), 0);
    for (const words of [['check'], ['upgrade'], ['circus-program', 'more', '--cmd', 'sleep 9'], ['check']]) {
      const [command = '', ...args] = asUser(['node', join(checkout, 'dist/makina-image.cjs'), ...words]);
      const { exitCode, stderr } = await execa(command, args, { cwd: root, reject: false });
      expect([words, exitCode, stderr]).toEqual([words, 0, '']);
    }
  });
});
