import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { colourDiff } from '../../generators/lib/output/diff.ts';
import { tree } from '../../generators/lib/output/tree.ts';
import type { PlannedFile } from '../../generators/lib/plan/types.ts';
import { CASES, SEED } from '../support/cases.ts';
import { BIN, makinaImage, onTerminal, tempDir } from '../support/run.ts';
import { stamps } from '../support/snapshot.ts';

const PLAIN = { width: 80, colour: false };
const side = (text: string) => ({ bytes: Buffer.from(text), executable: false });

async function run(cwd: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const { exitCode, stdout, stderr } = await makinaImage(cwd, args, { env });
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

async function demo(): Promise<string> {
  const dir = tempDir();
  await run(dir, ['new', 'demo']);
  return join(dir, 'demo');
}

/** The lines of a tree in a longer text. */
const treeIn = (text: string) => text.split('\n').filter((line) => /^ {2}[-+~*!= ] /.test(line));

describe('the tree', () => {
  const name = fc.stringMatching(/^[a-z]{1,3}$/);
  const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => `d/${names.join('/d/')}.f`);
  const files = fc
    .uniqueArray(fc.tuple(path, fc.constantFrom('created', 'updated', 'removed', 'user-edit')), {
      minLength: 1,
      maxLength: 200,
      selector: ([path]) => path,
    })
    .map((files) =>
      files.map(([path, action]): PlannedFile => {
        const before = action === 'created' ? undefined : side('before');
        const after = { created: side('after'), updated: side('after'), removed: undefined, 'user-edit': before };
        return { path, action, before, after: after[action] } as PlannedFile;
      }),
    );
  test('has at most 40 lines, and has every file, by name or in a count', () => {
    fc.assert(
      fc.property(files, (files) => {
        const lines = treeIn(tree({ files, sidecars: new Map() }, PLAIN));
        expect(lines.length).toBeLessThanOrEqual(40);
        const counted = lines.map((line) => Number(/\/ \((\d+) /.exec(line)?.[1] ?? (line.endsWith('/') ? 0 : 1)));
        if (!lines.at(-1)?.endsWith('…')) expect(counted.reduce((sum, count) => sum + count)).toBe(files.length);
      }),
      { numRuns: CASES, seed: SEED },
    );
  });
  test('has folders first, a mark for what becomes of each file, and folds the deepest folders first', () => {
    const planned = (path: string, action: PlannedFile['action'], before?: string, after = before): PlannedFile => {
      const sides = [before, after].map((text) => (text === undefined ? undefined : side(text)));
      return { path, action, before: sides[0], after: before === after ? sides[0] : sides[1] };
    };
    const files = [
      planned('README.md', 'updated', 'a', 'b'),
      planned('a/b/kept', 'user-edit', 'a'),
      planned('a/merged', 'merged', 'a', 'b'),
      ...Array.from({ length: 40 }, (_, at) => planned(`a/b/c/new${at}`, 'created', undefined, 'b')),
      { ...planned('x', 'removed', 'a'), after: undefined },
      planned('y', 'conflict', 'a', 'b'),
    ];
    expect(
      tree({ files, sidecars: new Map([['y.new', { before: undefined, after: side('') }]]) }, PLAIN),
    ).toMatchInlineSnapshot(`
      "    a/
            b/
        +     c/ (40 files)
        =     kept
        *   merged
        ~ README.md
        - x
        ! y
        + y.new

        (46 files: + new, ~ changed, * merged with your edits, - removed, ! conflict,
         = left as you have it)"
    `);
  });
});

describe('a dry run', () => {
  test.each([['--preview'], ['--dry-run']])('of a new project (%s) is a tree, and writes nothing', async (flag) => {
    const dir = tempDir();
    const before = stamps(dir);
    const { exitCode, stdout } = await run(dir, ['new', 'demo', flag]);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('files would be written to')]);
    expect(stdout).not.toContain('diff --git');
    expect((await run(dir, ['new', 'demo', flag, '--verbose'])).stdout).toContain('+++ b/compose.yaml');
    expect((await run(dir, ['base', 'base', '--dry-run'])).stdout).toMatch(/would be written[\s\S]*Dockerfile/);
    expect(stamps(dir)).toEqual(before);
    expect(treeIn((await run(dir, ['new', 'demo'])).stdout)).toEqual(treeIn(stdout));
  });

  test('of a change shows the tree that the run then shows, and the difference that it then makes', async () => {
    const root = await demo();
    appendFileSync(join(root, 'README.md'), 'mine\n');
    writeFileSync(join(root, '.dockerignore'), 'mine\n');
    const before = stamps(root);
    for (const args of [
      ['new', '--publish', '9000'],
      ['circus-program', 'a', '--cmd', 'x'],
      ['ci', 'gitlab'],
    ]) {
      const { exitCode, stdout } = await run(root, [...args, '--dry-run']);
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining('diff --git a/.yo-rc.json b/.yo-rc.json\n')]);
      expect(stdout).toContain('  = .dockerignore');
      expect(stamps(root)).toEqual(before);
    }
    const preview = (await run(root, ['new', '--publish', '9000', '--preview'])).stdout;
    expect(preview).toMatch(/^ {2}\* README.md$/m);
    expect(preview).toContain('-      - "8080:80"\n+      - "9000:80"\n');
    expect(treeIn((await run(root, ['new', '--publish', '9000'])).stdout)).toEqual(
      treeIn(preview.replace(/\ndiff[\s\S]*/, '')),
    );
  });

  test('of an upgrade shows the same, project by project', async () => {
    const root = await demo();
    const yoRc = join(root, '.yo-rc.json');
    writeFileSync(yoRc, readFileSync(yoRc, 'utf8').replace('"name"', '"publish": 9000, "name"'));
    const before = stamps(root);
    const { exitCode, stdout } = await run(root, ['upgrade', '--dry-run']);
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/ {2}~ compose.yaml[\s\S]*\+ {6}- "9000:80"/)]);
    expect(stamps(root)).toEqual(before);
    await run(root, ['upgrade']);
    expect((await run(root, ['upgrade', '--dry-run'])).stdout).toBe(`${root}: in sync`);
    writeFileSync(yoRc, readFileSync(yoRc, 'utf8').replace('9000', '9001'));
    const compose = join(root, 'compose.yaml');
    writeFileSync(compose, readFileSync(compose, 'utf8').replace('9000:80', '1:80'));
    const stopped = await run(root, ['upgrade', '--dry-run', '--conflict=abort']);
    expect([stopped.exitCode, stopped.stdout]).toEqual([3, expect.stringContaining('conflicts, nothing was written')]);
    const open = await run(root, ['upgrade', '--dry-run', '--conflict=markers']);
    expect([open.exitCode, open.stdout]).toEqual([3, expect.stringMatching(/ {2}! compose.yaml[\s\S]*\+<{7} /)]);
  });

  test.each([
    [['adopt', 'README.md'], ''],
    [['resolve', 'README.md', '--theirs'], '-mine\n'],
    [['restore', 'compose.yaml'], '+++ b/compose.yaml\n'],
  ])('of %j writes nothing either', async (args, difference) => {
    const root = await demo();
    appendFileSync(join(root, 'README.md'), 'mine\n');
    rmSync(join(root, 'compose.yaml'));
    const before = stamps(root);
    const { exitCode, stdout } = await run(root, [...args, '--dry-run']);
    expect([exitCode, `${stdout}\n`]).toEqual([0, expect.stringContaining(difference)]);
    expect(stdout).toContain('would be done');
    expect(stamps(root)).toEqual(before);
    expect((await run(root, args)).exitCode).toBe(0);
  });
});

describe('--quiet', () => {
  test('leaves what was asked for', async () => {
    const root = await demo();
    for (const args of [
      ['new', '--publish', '81'],
      ['check'],
      ['circus-program', 'a', '--cmd', 'x'],
      ['upgrade'],
      ['base', 'b'],
    ])
      expect(await run(root, [...args, '--quiet'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    for (const args of [
      ['check', '--json'],
      ['circus-program', '--list'],
      ['new', '--preview', '--publish', '1'],
    ])
      expect((await run(root, [...args, '--quiet'])).stdout).not.toBe('');
  });
  test('leaves errors, and conflicts that wait for the user', async () => {
    const root = await demo();
    expect((await run(root, ['new', '--publish', 'x', '--quiet'])).stderr).toContain('--publish');
    writeFileSync(join(root, 'compose.yaml'), readFileSync(join(root, 'compose.yaml'), 'utf8').replace('8080', '8081'));
    const { exitCode, stdout, stderr } = await run(root, ['new', '--publish', '82', '--quiet', '--conflict=markers']);
    expect([exitCode, stdout, stderr]).toEqual([3, '', expect.stringContaining('compose.yaml: you and the templates')]);
  });
});

describe('--verbose', () => {
  test('says why each file is left alone, on standard error', async () => {
    const root = await demo();
    writeFileSync(join(root, '.dockerignore'), 'mine\n');
    rmSync(join(root, 'README.md'));
    await run(root, ['adopt', 'compose.yaml']);
    for (const args of [['check'], ['upgrade'], ['new', '--no-demo']]) {
      const { stdout, stderr } = await run(root, [...args, '--verbose']);
      for (const [path, why] of [
        ['.dockerignore', 'you edited it'],
        ['README.md', 'you deleted it'],
        ['compose.yaml', 'you adopted it'],
        ['custom.sls', 'it was written once'],
        ['project/launch.sh', 'it is up to date'],
      ])
        expect(stderr).toMatch(new RegExp(`^${root}/${path}: left alone, ${why}`, 'm'));
      expect(stdout).not.toContain('left alone');
    }
  });
  test('shows where an error comes from', async () => {
    const dir = tempDir();
    for (const args of [['base'], ['check'], ['nginx-vhost', 'x']]) {
      expect((await run(dir, args)).stderr).not.toContain('    at ');
      expect((await run(dir, [...args, '--verbose'])).stderr).toMatch(/^makina-image: .*\nUserError: [\s\S]* {4}at /);
    }
  });
});

describe('a fault', () => {
  const fail = `
    const fs = require('node:fs');
    for (const name of ['readFileSync', 'lstatSync']) {
      const real = fs[name];
      fs[name] = (path, ...rest) => {
        if (/(yo-rc|manifest|schema)[.]json$/.test(String(path))) throw new TypeError('on purpose');
        return real(path, ...rest);
      };
    }`;
  const failing = (args: string[]) =>
    execa('node', ['-e', `${fail} require(process.argv[1])`, BIN, ...args], { cwd: tempDir(), reject: false });
  test.each([
    ['new'],
    ['check'],
    ['schema'],
  ])('of %s itself is reported in one sentence, with --verbose where it comes from', async (verb) => {
    const { exitCode, stderr } = await failing([verb, 'answers']);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^makina-image: this is a bug in .*on purpose.*report what it prints$/),
    ]);
    expect((await failing([verb, 'answers', '--verbose'])).stderr).toMatch(/TypeError: on purpose\n +at /);
  });
  test('is not a reader that stops reading', async () => {
    const { exitCode, stdout, stderr } = await execa({
      shell: 'bash',
      reject: false,
    })`set -o pipefail; node ${BIN} completion zsh | head -1`;
    expect([exitCode, stdout, stderr]).toEqual([0, '#compdef makina-image', '']);
  });
});

describe('colours', () => {
  const isColoured = (text: string) => text.includes('\x1b[3');
  test.each([
    [{}, true],
    [{ NO_COLOR: '1' }, false],
    [{ TERM: 'dumb' }, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '0' }, false],
  ])('on a terminal with %j', async (env, coloured) => {
    const root = await demo();
    appendFileSync(join(root, 'README.md'), 'mine\n');
    const usual = { TERM: 'xterm', NO_COLOR: '', FORCE_COLOR: '', COLORTERM: '' };
    const preview = ['node', BIN, 'new', '--publish', '81', '--preview'];
    const { stdout } = await onTerminal(root, preview, [], { ...usual, ...env });
    expect(stdout).toContain('"81:80"');
    expect(isColoured(stdout)).toBe(coloured);
    const failed = await onTerminal(root, ['node', BIN, 'diff', 'nowhere'], [], { ...usual, ...env });
    expect(failed.stdout.includes('\x1b[31mmakina-image:\x1b[0m')).toBe(coloured);
  });
  test.each([
    [{}, false],
    [{ FORCE_COLOR: '1' }, true],
  ])('in a file with %j', async (env, coloured) => {
    const usual = { NO_COLOR: '', FORCE_COLOR: '' };
    expect(isColoured((await run(tempDir(), ['new', 'demo', '--preview'], { ...usual, ...env })).stdout)).toBe(
      coloured,
    );
  });
  test('a diff without them is as it was', () => {
    const text = 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- old\n+++ new\n same\n';
    const coloured = colourDiff(text, { colour: true });
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(text);
    expect(coloured).toContain('\x1b[31m--- old\x1b[0m\n\x1b[32m+++ new\x1b[0m\n same');
  });
});
