import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type Options } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import reportJsonSchema from '../docs/report.schema.json' with { type: 'json' };
import { packageRoot, version } from '../generators/lib/package.ts';
import type { Report } from '../generators/lib/report.ts';
import { type Changes, otherVersion } from './support/newer.ts';
import { BIN, makinaImage, onTerminal, tempDir } from './support/run.ts';
import { contents, stamps, workTree } from './support/snapshot.ts';
import { asUser, readableCheckout, userDir } from './support/user.ts';

const reportSchema = z.fromJSONSchema(reportJsonSchema as Parameters<typeof z.fromJSONSchema>[0]);

const FIRST = join(packageRoot, 'test/fixtures/generator-makina-image-0.1.0.tgz');

const NEWER: Changes = {
  'project/README.md': (text) => `${text}\nNews of 9.0.0\n`,
  'project/compose.yaml': (text) => text.replace('stop_grace_period', '# of 9.0.0\n    stop_grace_period'),
  'project/project/launch.sh': (text) => text.replace('\n', '\n# of 9.0.0\n'),
  'base/Dockerfile': (text) => `# of 9.0.0\n${text}`,
  'project/pillar/init.sls': (text) => `${text}# of 9.0.0\n`,
};

const work = mkdtempSync(join(tmpdir(), 'makina-image-upgrade-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
let newer: string;
beforeAll(async () => {
  newer = otherVersion(join(work, 'newer'), '9.0.0', NEWER);
  await makinaImage(work, ['new', 'demo']);
  await makinaImage(work, ['base', 'base']);
});

/** A project of this version. */
function project(name = 'demo', parent = tempDir()): string {
  cpSync(join(work, 'demo'), join(parent, name), { recursive: true });
  return join(parent, name);
}

/** What a result may end with. */
const EXITS = { 'in-sync': [0], 'would-change': [0, 2], changed: [0, 2], conflicts: [3], error: [1] };
const isOf = ([verb, ...args]: string[], code: number) =>
  ![0, 2].includes(code) || verb !== 'upgrade' || args.includes('--detailed-exitcode') || code === 0;

/** The worst, in the order 1, 3, 2, 0. */
const worst = (exits: number[]) => [1, 3, 2, 0].find((code) => exits.includes(code));

/** A bin of any version. @returns what it printed and its code, and the reports if it was to print these */
async function run(bin: string, cwd: string, args: string[], options: Options = {}) {
  const result = await execa('node', [bin, ...args], {
    cwd,
    reject: false,
    stdin: 'ignore',
    timeout: 60_000,
    env: { CI: '' },
    ...options,
  } as const);
  const lines = args.includes('--json') ? String(result.stdout).split('\n').filter(Boolean) : [];
  const reports = lines.map((line) => reportSchema.parse(JSON.parse(line)) as Report);
  if (reports.length > 0) expect(result.exitCode).toBe(worst(reports.map(({ exit }) => exit)));
  for (const { result, exit } of reports) expect(EXITS[result].filter((code) => isOf(args, code))).toContain(exit);
  return {
    code: result.exitCode,
    stdout: String(result.stdout),
    stderr: String(result.stderr),
    reports,
    report: reports[0] as Report,
  };
}

const change = (root: string, path: string, how: (text: string) => string) =>
  writeFileSync(join(root, path), how(readFileSync(join(root, path), 'utf8')));
const text = (root: string, path: string) => readFileSync(join(root, path), 'utf8');
/** An edit of the very line that the newer templates change. */
const clash = (root: string) => change(root, 'project/launch.sh', (launch) => launch.replace('\n', '\n# mine\n'));
const actionOf = ({ files }: Report, path: string) => {
  const file = files.find((file) => file.path === path);
  return file && [file.action, file.reason, file.settled].filter(Boolean).join(' ');
};

async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.invalid', '-c', 'init.defaultBranch=main'];
  return (await execa('git', [...identity, ...args], { cwd })).stdout;
}

async function repository(root = project()): Promise<string> {
  await git(root, 'init', '--quiet');
  await git(root, 'add', '--all');
  await git(root, 'commit', '--quiet', '--message', 'all');
  return root;
}

describe('check', () => {
  test('says 0 of what is in sync, edits or not, and writes nothing', async () => {
    const root = project();
    change(root, 'README.md', (readme) => `mine\n${readme}`);
    const before = stamps(root);
    const { code, stdout, report } = await run(BIN, root, ['check', '--json']);
    expect([code, report.result, report.exit, stdout.split('\n').length]).toEqual([0, 'in-sync', 0, 1]);
    expect(actionOf(report, 'README.md')).toBe('user-edit');
    expect((await run(BIN, root, ['check'])).stdout).toBe(`${root}: in sync`);
    expect(stamps(root)).toEqual(before);
  });
  test('says 2 where something would change, and what', async () => {
    const root = project();
    const before = stamps(root);
    const { code, report } = await run(newer, root, ['check', '--json']);
    expect([code, report.result, report.from, report.to]).toEqual([2, 'would-change', version, '9.0.0']);
    expect(report.files.filter(({ path }) => path === 'compose.yaml')).toEqual([
      { path: 'compose.yaml', action: 'updated' },
    ]);
    const { stdout, code: again } = await run(newer, root, ['check']);
    expect([again, stdout]).toEqual([2, expect.stringContaining('  update compose.yaml')]);
    expect(stamps(root)).toEqual(before);
  });
  test('says 3 where something would conflict, and shows the lines', async () => {
    const root = project();
    clash(root);
    const before = stamps(root);
    const { code, report } = await run(newer, root, ['check', '--json']);
    expect([code, report.result]).toEqual([3, 'conflicts']);
    expect(report.files.find(({ path }) => path === 'project/launch.sh')?.conflicts).toEqual([
      { line: 2, ours: ['# mine\n'], base: [], theirs: ['# of 9.0.0\n'] },
    ]);
    expect(stamps(root)).toEqual(before);
  });
  test('answers that were changed by hand are a change', async () => {
    const root = project();
    change(root, '.yo-rc.json', (rc) => rc.replace('"name": "demo"', '"name": "demo", "publish": 9000'));
    const { code, report } = await run(BIN, root, ['check', '--json']);
    expect([code, actionOf(report, 'compose.yaml'), actionOf(report, '.yo-rc.json')]).toEqual([
      2,
      'updated',
      expect.anything(),
    ]);
  });
  test.each<[string, (root: string) => void, string]>([
    ['no project', (root) => rmSync(root, { recursive: true }), 'is no project of this generator'],
    ['a broken manifest', (root) => writeFileSync(join(root, '.makina-image/manifest.json'), '{'), 'cannot be used'],
    ['broken answers', (root) => writeFileSync(join(root, '.yo-rc.json'), '{'), 'is not valid JSON'],
    [
      'wrong answers',
      (root) => change(root, '.yo-rc.json', (rc) => rc.replace('"name": "demo"', '"name": "demo", "publish": "x"')),
      '--publish',
    ],
    [
      'a newer manifest',
      (root) => change(root, '.makina-image/manifest.json', (it) => it.replace('"schema": 1', '"schema": 2')),
      'of a newer generator',
    ],
    [
      'a newer model',
      (root) => change(root, '.yo-rc.json', (rc) => rc.replace('"model": 1', '"model": 2')),
      'use the generator that wrote it',
    ],
    [
      'a newer version',
      (root) => change(root, '.makina-image/manifest.json', (it) => it.replace(`"${version}"`, '"99.0.0"')),
      'was written by makina-image 99.0.0',
    ],
  ])('and diff and upgrade say 1 of %s, in one sentence', async (_, spoil, sentence) => {
    const root = project();
    spoil(root);
    const before = existsSync(root) ? stamps(root) : [];
    for (const verb of ['check', 'diff', 'upgrade']) {
      const { code, report } = await run(BIN, '/', [verb, root, '--json']);
      expect([code, report.result, report.exit, report.error]).toEqual([
        1,
        'error',
        1,
        expect.stringContaining(sentence),
      ]);
      const plain = await run(BIN, '/', [verb, root]);
      expect([plain.code, plain.stdout, plain.stderr]).toEqual([1, '', expect.stringContaining(sentence)]);
      expect(plain.stderr).not.toContain('    at ');
    }
    expect(existsSync(root) ? stamps(root) : []).toEqual(before);
  });
  test.each([
    [['check', '--unknown'], 'has no flag --unknown'],
    [['upgrade', '--conflict=best'], '--conflict must be one of'],
    [['upgrade', '--conflict', 'ours', '--conflict', 'theirs'], '--conflict was given 2 times'],
    [['diff', 'none-*'], 'there is no project at none-*'],
  ])('%j is an error too', async (args, sentence) => {
    const { code, stderr } = await run(BIN, tempDir(), args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
  });
});

describe('diff', () => {
  test('has the codes of check, writes nothing, and git apply and patch do what upgrade does', async () => {
    const root = project();
    expect(await run(BIN, root, ['diff'])).toMatchObject({ code: 0, stdout: '' });
    change(root, 'README.md', (readme) => `mine\n${readme}`);
    clash(root);
    const before = stamps(root);
    const { code, stdout } = await run(newer, root, ['diff'], { stripFinalNewline: false });
    expect([code, stamps(root)]).toEqual([3, before]);
    const parent = join(root, '..');
    for (const name of ['byGit', 'byPatch']) cpSync(root, join(parent, name), { recursive: true });
    await run(newer, root, ['upgrade', '--conflict=markers']);
    await execa('git', ['apply', '--whitespace=nowarn'], { cwd: join(parent, 'byGit'), input: stdout });
    await execa('patch', ['-p1', '--silent'], { cwd: join(parent, 'byPatch'), input: stdout });
    expect(workTree(join(parent, 'byGit'))).toEqual(workTree(root));
    expect(workTree(join(parent, 'byPatch'))).toEqual(workTree(root));
  });
  test('--stat counts, --json reports', async () => {
    const root = project();
    const { code, stdout } = await run(newer, root, ['diff', '--stat']);
    expect([code, stdout]).toEqual([2, expect.stringContaining(' compose.yaml | +1 -0')]);
    const { report, stdout: json } = await run(newer, root, ['diff', '--json']);
    expect([report.exit, json.split('\n').length]).toEqual([2, 1]);
  });
});

describe('upgrade', () => {
  test('says 0 when it is done, or 2 if that is asked for, and then there is nothing to do', async () => {
    for (const [flags, done] of [
      [[], 0],
      [['--detailed-exitcode'], 2],
    ] as const) {
      const root = project();
      const foretold = await run(newer, root, ['upgrade', '--dry-run', '--json', ...flags]);
      expect([foretold.code, foretold.report.result]).toEqual([done, 'would-change']);
      const { code, report } = await run(newer, root, ['upgrade', '--json', ...flags]);
      expect([code, report.result, report.exit]).toEqual([done, 'changed', done]);
      expect(foretold.report.files).toEqual(report.files);
      expect(text(root, 'README.md')).toContain('News of 9.0.0');
      expect(text(root, 'pillar/init.sls')).not.toContain('9.0.0');
      const before = stamps(root);
      expect((await run(newer, root, ['upgrade', ...flags])).code).toBe(0);
      expect((await run(newer, root, ['check'])).code).toBe(0);
      expect(stamps(root)).toEqual(before);
    }
  });
  test('merges what does not touch', async () => {
    const root = project();
    change(root, 'README.md', (readme) => `mine\n${readme}`);
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, actionOf(report, 'README.md')]).toEqual([0, 'merged']);
    expect(text(root, 'README.md')).toMatch(/^mine\n[\s\S]*News of 9.0.0\n$/);
  });
  test.each([[[]], [['--conflict=abort']]])('writes nothing where it conflicts and nobody looks: %j', async (flags) => {
    const root = project();
    clash(root);
    const before = stamps(root);
    const { code, report } = await run(newer, root, ['upgrade', '--json', ...flags]);
    expect([code, report.result, actionOf(report, 'project/launch.sh')]).toEqual([3, 'conflicts', 'conflict content']);
    expect(stamps(root)).toEqual(before);
    const { stdout } = await run(newer, root, ['upgrade', ...flags]);
    expect(stdout).toContain('  project/launch.sh: you and the templates changed the same lines');
  });
  test('on a terminal it writes markers, in CI nothing', async () => {
    const root = project();
    clash(root);
    const before = stamps(root);
    expect((await onTerminal(root, ['node', newer, 'upgrade'], [], { CI: 'true' })).exitCode).toBe(3);
    expect(stamps(root)).toEqual(before);
    expect((await onTerminal(root, ['node', newer, 'upgrade'], [])).exitCode).toBe(3);
    expect(text(root, 'project/launch.sh')).toContain(
      `<<<<<<< yours\n# mine\n||||||| makina-image ${version}\n=======\n# of 9.0.0\n>>>>>>> makina-image 9.0.0\n`,
    );
    expect(statSync(join(root, 'project/launch.sh')).mode & 0o111).not.toBe(0);
  });
  test('a conflict with markers is open until they are gone', async () => {
    const root = project();
    clash(root);
    expect((await run(newer, root, ['upgrade', '--conflict=markers'])).code).toBe(3);
    expect(text(root, 'README.md')).toContain('News of 9.0.0');
    const before = stamps(root);
    for (const args of [['check'], ['diff'], ['upgrade'], ['upgrade', '--conflict=theirs']])
      expect((await run(newer, root, args)).code).toBe(3);
    expect(stamps(root)).toEqual(before);
    change(root, 'project/launch.sh', (launch) => launch.replace(/^[<|=>]{7}.*\n/gm, ''));
    expect((await run(newer, root, ['check'])).code).toBe(0);
    expect(text(root, 'project/launch.sh')).toContain('\n# mine\n# of 9.0.0\n');
  });
  test('a conflict with a sidecar is open until that is gone', async () => {
    const root = project();
    clash(root);
    const mine = text(root, 'project/launch.sh');
    expect((await run(newer, root, ['upgrade', '--conflict=sidecar'])).code).toBe(3);
    expect(text(root, 'project/launch.sh')).toBe(mine);
    expect(text(root, 'project/launch.sh.makina-image-new')).toContain('# of 9.0.0');
    expect((await run(newer, root, ['check'])).code).toBe(3);
    rmSync(join(root, 'project/launch.sh.makina-image-new'));
    expect((await run(newer, root, ['check'])).code).toBe(0);
  });
  test('a sidecar that is left stands for a conflict also with the version after that', async () => {
    const root = project();
    clash(root);
    await run(newer, root, ['upgrade', '--conflict=sidecar']);
    const newest = otherVersion(join(tempDir(), 'newest'), '9.1.0', {
      ...NEWER,
      'project/project/launch.sh': (launch) => `${launch.replace('\n', '\n# of 9.0.0\n')}# of 9.1.0\n`,
    });
    const { code, report } = await run(newest, root, ['upgrade', '--conflict=sidecar', '--json']);
    expect([code, actionOf(report, 'project/launch.sh')]).toEqual([3, 'conflict content']);
    expect(text(root, 'project/launch.sh.makina-image-new')).toMatch(/# of 9.0.0\n[\s\S]*# of 9.1.0\n$/);
  });
  test('ours keeps the file for good', async () => {
    const root = project();
    clash(root);
    const mine = text(root, 'project/launch.sh');
    const { code, report } = await run(newer, root, ['upgrade', '--conflict=ours', '--json']);
    expect([code, actionOf(report, 'project/launch.sh')]).toEqual([0, 'conflict content ours']);
    expect([text(root, 'project/launch.sh'), (await run(newer, root, ['check'])).code]).toEqual([mine, 0]);
  });
  test('theirs takes the new file, and keeps a copy of what was there', async () => {
    const root = project();
    clash(root);
    const mine = text(root, 'project/launch.sh');
    const { code } = await run(newer, root, ['upgrade', '--conflict=theirs']);
    expect([code, text(root, 'project/launch.sh').includes('mine')]).toEqual([0, false]);
    const [backup] = readdirSync(join(root, '.makina-image/backup'));
    expect(text(root, `.makina-image/backup/${backup}`)).toBe(mine);
    expect((await run(newer, root, ['check'])).code).toBe(0);
  });
  test('goes back to an older version only when told to', async () => {
    const root = project();
    const before = workTree(root);
    await run(newer, root, ['upgrade']);
    expect(await run(BIN, root, ['upgrade'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--allow-downgrade'),
    });
    expect((await run(BIN, root, ['check', '--allow-downgrade'])).code).toBe(2);
    expect((await run(BIN, root, ['diff', '--stat', '--allow-downgrade'])).code).toBe(2);
    expect((await run(BIN, root, ['upgrade', '--allow-downgrade'])).code).toBe(0);
    expect(workTree(root)).toEqual(before);
  });
  test('does the base image too', async () => {
    const root = join(tempDir(), 'base');
    cpSync(join(work, 'base'), root, { recursive: true });
    expect((await run(BIN, root, ['check'])).code).toBe(0);
    appendFileSync(join(root, 'README.md'), 'mine\n');
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect([text(root, 'Dockerfile').startsWith('# of 9.0.0'), text(root, 'README.md').endsWith('mine\n')]).toEqual([
      true,
      true,
    ]);
  });
  test('what has the same content is the same, whatever the umask, the time zone, the locale, and without git', async () => {
    const trees: unknown[] = [];
    for (const [umask, env] of [
      ['022', {}],
      ['002', { TZ: 'Pacific/Chatham', LC_ALL: 'tr_TR.UTF-8' }],
      ['077', { TZ: 'UTC', LANG: 'C', PATH: '/nonexistent' }],
    ] as const) {
      const dir = tempDir();
      const command = (bin: string, args: string) => `"${process.execPath}" "${bin}" ${args}`;
      const script = `umask ${umask}; cd "${dir}"; ${command(BIN, 'new demo')}; echo mine >> demo/.gitignore; ${command(newer, 'upgrade demo')}`;
      expect((await execa('/bin/sh', ['-c', script], { env: { ...env, CI: '' }, reject: false })).exitCode).toBe(0);
      trees.push(contents(join(dir, 'demo')));
    }
    expect(trees[1]).toEqual(trees[0]);
    expect(trees[2]).toEqual(trees[0]);
  });
});

describe('in a git repository', () => {
  const mine = (root: string) => change(root, 'README.md', (readme) => `mine\n${readme}`);
  test('merges into what is committed, and leaves index, branches and commits alone', async () => {
    const root = project();
    mine(root);
    await repository(root);
    const state = async () => [
      await git(root, 'rev-parse', 'HEAD'),
      await git(root, 'diff', '--cached', '--name-only'),
      await git(root, 'branch', '--list'),
    ];
    const before = await state();
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect(text(root, 'README.md')).toMatch(/^mine\n[\s\S]*News of 9.0.0\n$/);
    expect(await state()).toEqual(before);
  });
  test.each<[string, (root: string) => Promise<unknown> | unknown]>([
    ['dirty', async (root) => mine(await repository(root))],
    [
      'staged',
      async (root) => {
        mine(await repository(root));
        await git(root, 'add', 'README.md');
      },
    ],
    [
      'untracked',
      async (root) => {
        await repository(root);
        await git(root, 'rm', '--quiet', '--cached', 'README.md');
        mine(root);
      },
    ],
    [
      'ignored',
      async (root) => {
        appendFileSync(join(root, '.gitignore'), 'README.md\n');
        mine(root);
        await repository(root);
      },
    ],
    [
      'in an ignored folder',
      async (root) => {
        writeFileSync(join(root, '../.gitignore'), 'demo/\n');
        mine(root);
        await repository(join(root, '..'));
      },
    ],
    [
      'of a folder of the repository',
      async (root) => {
        await repository(join(root, '..'));
        mine(root);
      },
    ],
  ])('refuses to merge into what is %s', async (_, prepare) => {
    const root = project();
    await prepare(root);
    const before = stamps(root);
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, report.error]).toEqual([
      1,
      expect.stringContaining('your edits of README.md, which would be merged'),
    ]);
    expect(stamps(root)).toEqual(before);
    expect((await run(newer, root, ['check'])).code).toBe(2);
    expect((await run(newer, root, ['upgrade', '--dry-run'])).code).toBe(0);
    expect((await run(newer, root, ['upgrade', '--allow-dirty'])).code).toBe(0);
    expect(text(root, 'README.md')).toMatch(/^mine\n[\s\S]*News of 9.0.0\n$/);
  });
  test.each([
    ['assume-unchanged', ['update-index', '--assume-unchanged', 'README.md']],
    ['skip-worktree', ['update-index', '--skip-worktree', 'README.md']],
  ])('refuses to merge where git was told not to look: %s', async (_, words) => {
    const root = await repository();
    await git(root, ...words);
    mine(root);
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, report.error]).toEqual([
      1,
      expect.stringContaining('your edits of README.md, which would be merged'),
    ]);
  });
  test('refuses to merge into what a submodule does not have', async () => {
    const root = project();
    await repository(join(root, 'project'));
    await repository(root);
    appendFileSync(join(root, 'project/launch.sh'), '# mine\n');
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, report.error]).toEqual([
      1,
      expect.stringContaining('your edits of project/launch.sh, which would be'),
    ]);
    await git(join(root, 'project'), 'commit', '--quiet', '--all', '--message', 'mine');
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
  });
  test('refuses to merge where git cannot tell what it has', async () => {
    const root = await repository();
    mine(root);
    writeFileSync(join(root, '.git/config'), '[core');
    const before = stamps(root);
    const { code, report } = await run(newer, root, ['upgrade', '--json']);
    expect([code, report.error]).toEqual([
      1,
      expect.stringMatching(
        /git cannot tell which edits it has \(fatal: bad config .*\); mend that, or use --allow-dirty$/,
      ),
    ]);
    expect(stamps(root)).toEqual(before);
    expect((await run(newer, root, ['upgrade', '--allow-dirty'])).code).toBe(0);
  });
  test('an edit of a file that is not merged is in nobody’s way', async () => {
    const root = await repository();
    appendFileSync(join(root, 'project/.salt/fixperms.sls'), '# mine\n');
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'sub/README.md'), 'untracked\n');
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
  });
});

describe('several projects', () => {
  test('give what each gives, and the worst code, in the order 1, 3, 2, 0', async () => {
    const parent = tempDir();
    const [same, changed, conflict, broken] = ['same', 'changed', 'conflict', 'broken'].map((name) =>
      project(name, parent),
    ) as [string, string, string, string];
    await run(newer, same, ['upgrade']);
    clash(conflict);
    writeFileSync(join(broken, '.yo-rc.json'), '{');
    const one = async (root: string) => (await run(newer, root, ['check', '--json'])).report;
    const singles = [await one(same), await one(changed), await one(conflict), await one(broken)];
    expect(singles.map(({ exit }) => exit)).toEqual([0, 2, 3, 1]);
    for (const [roots, code] of [
      [[same, same], 0],
      [[same, changed], 2],
      [[changed, conflict, same], 3],
      [[conflict, broken, changed, same], 1],
    ] as const) {
      const { code: worst, reports } = await run(newer, parent, ['check', '--json', ...roots]);
      expect(worst).toBe(code);
      expect(reports).toEqual([...new Set(roots)].map((root) => singles.find(({ project }) => project === root)));
    }
    const byGlob = await run(newer, parent, ['check', '--json', '*']);
    expect(byGlob.reports.map(({ project }) => project)).toEqual([broken, changed, conflict, same]);
    const input = `${same}\n${changed}\n`;
    const byList = await run(newer, parent, ['check', '--json', '-'], { stdin: 'pipe', input });
    expect([byList.code, byList.reports.map(({ project }) => project)]).toEqual([2, [same, changed]]);
    const { code } = await run(newer, parent, ['upgrade', '*', '--conflict=abort']);
    expect([code, text(changed, 'README.md').includes('News of 9.0.0')]).toEqual([1, true]);
    expect(contents(changed)).toEqual(contents(same));
  });
  test('one that nobody can be told of goes on, and ends with 1', async () => {
    const parent = tempDir();
    const roots = ['p1', 'p2'].map((name) => project(name, parent));
    const script = 'node "$0" upgrade --json p1 p2 > /dev/full';
    const { exitCode, stderr } = await execa('sh', ['-c', script, newer], { cwd: parent, reject: false });
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^makina-image: what it has to tell .*$/)]);
    expect((await run(newer, parent, ['check', ...roots])).code).toBe(0);
  });
  test('one process does many, without a word of its own', async () => {
    const parent = tempDir();
    for (let index = 0; index < 15; index++) project(`p${index}`, parent);
    const { code, stderr, reports } = await run(newer, parent, ['upgrade', '--json', 'p*']);
    expect([code, stderr, reports.length]).toEqual([0, '', 15]);
    // A pattern names projects, and nothing that is in them.
    expect((await run(newer, parent, ['check', '--json', 'p1?'])).reports).toHaveLength(5);
  });
});

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
    change(version, 'dist/makina-image.cjs', (code) => code.replace('".editorconfig"', '".other"'));
    cpSync(join(version, 'templates/project/.editorconfig.ejs'), join(version, 'templates/project/.other.ejs'));
    for (const path of ['.editorconfig', 'README.md']) change(root, path, (text) => text.replaceAll('\n', '\r\n'));
    const { code, report } = await run(less, root, ['upgrade', '--json']);
    expect([code, actionOf(report, '.editorconfig'), actionOf(report, 'README.md')]).toEqual([0, 'removed', 'merged']);
    expect(text(root, 'README.md')).toMatch(/\r\nNews\r\n$/);
  });
});

describe.runIf(process.getuid?.() === 0)('as root, and of a user', () => {
  const { checkout, remove } = readableCheckout();
  afterAll(remove);
  test('what is written belongs to the user', async () => {
    const root = project();
    const own = () => execa('find', [root, '!', '-user', '1000', '-o', '!', '-group', '1000']);
    await execa('chown', ['--recursive', '1000:1000', root]);
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect((await run(newer, root, ['nginx-vhost', 'admin.example.com'])).code).toBe(0);
    expect((await run(newer, root, ['ci', 'github'])).code).toBe(0);
    expect([existsSync(join(root, '.github/workflows')), (await own()).stdout]).toEqual([true, '']);
  });
  test('what is taken back belongs to the user, and a replaced file keeps its group', async () => {
    const root = project();
    expect((await run(BIN, root, ['ci', 'github'])).code).toBe(0);
    change(root, '.yo-rc.json', (all) => all.replace(/,\s*"ci": \[[^\]]*\]/, ''));
    await execa('chown', ['--recursive', '1000:33', root]);
    await execa('chown', ['0:33', join(root, 'compose.yaml')]);
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
    const own = ['!', '-path', '*/compose.yaml', '!', '-user', '1000'];
    expect((await execa('find', [root, ...own])).stdout).toBe('');
    expect((await run(newer, root, ['upgrade'])).code).toBe(0);
    expect((await execa('find', [root, ...own])).stdout).toBe('');
    expect((await execa('find', [join(root, 'compose.yaml'), '-user', '0', '-group', '33'])).stdout).not.toBe('');
  });
  test('a data folder that one may not enter is in nobody’s way', async () => {
    const root = join(userDir(), 'demo');
    cpSync(join(work, 'demo'), root, { recursive: true });
    await execa('chown', ['--recursive', '1000:1000', root]);
    chmodSync(join(root, 'data'), 0);
    for (const words of [['check'], ['upgrade'], ['circus-program', 'more', '--cmd', 'sleep 9'], ['check']]) {
      const [command = '', ...args] = asUser(['node', join(checkout, 'dist/makina-image.cjs'), ...words]);
      const { exitCode, stderr } = await execa(command, args, { cwd: root, reject: false });
      expect([words, exitCode, stderr]).toEqual([words, 0, '']);
    }
  });
});

describe('a batch that is stopped', () => {
  test('ends after the project that it is at, with all of that done', async () => {
    const parent = tempDir();
    // Long enough for the signal to come in time on a busy machine.
    const roots = Array.from({ length: 80 }, (_, index) => project(`p${index}`, parent));
    const started = execa('node', [newer, 'upgrade', '--json', ...roots], {
      cwd: parent,
      reject: false,
      stdin: 'ignore',
    });
    started.stdout.once('data', () => started.kill('SIGINT'));
    const { signal, stdout } = await started;
    const told = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Report);
    expect(signal).toBe('SIGINT');
    expect(told.length).toBeLessThan(roots.length);
    const { reports } = await run(newer, parent, ['check', '--json', ...roots]);
    for (const { project, exit } of reports) {
      expect([project, exit]).toEqual([
        project,
        told.some((done) => done.project === project) ? 0 : expect.any(Number),
      ]);
      expect(readdirSync(join(project, '.makina-image'))).not.toContain('tx');
    }
    expect(reports).toHaveLength(roots.length);
  });
});

describe('settling', () => {
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
  test('resolve --ours keeps every byte of what is no UTF-8, and all that it takes away', async () => {
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
  ])('markers %s are open, and for nobody but the user to settle', async (_, how) => {
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
  test('a sidecar that was settled by hand is settled after adopt and restore too', async () => {
    const root = await conflicting('sidecar');
    rmSync(join(root, 'project/launch.sh.makina-image-new'));
    for (const verb of ['adopt', 'restore']) expect((await run(newer, root, [verb, 'project/launch.sh'])).code).toBe(0);
    expect((await run(newer, root, ['check'])).code).toBe(0);
  });
  test('a file that is restored while its conflict is open has none', async () => {
    const root = await conflicting('sidecar');
    appendFileSync(join(root, 'project/launch.sh.makina-image-new'), '# my notes\n');
    rmSync(join(root, 'project/launch.sh'));
    expect((await run(newer, root, ['restore', 'project/launch.sh'])).code).toBe(0);
    expect(JSON.parse(text(root, '.makina-image/manifest.json')).conflicts).toEqual({});
    expect(existsSync(join(root, 'project/launch.sh.makina-image-new'))).toBe(false);
    expect(Object.values(contents(root)).filter((content) => content.includes('# my notes'))).toHaveLength(1);
  });
  test('resolve --theirs does not take over what a link stands in the place of', async () => {
    const root = project();
    rmSync(join(root, 'project/launch.sh'));
    symlinkSync('../compose.yaml', join(root, 'project/launch.sh'));
    const before = stamps(root);
    const { code, stderr } = await run(newer, root, ['resolve', 'project/launch.sh', '--theirs']);
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/launch.sh is a link; move it away, then makina-image restore writes the file$/),
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
      [['resolve', 'mine.txt', '--ours'], 'is no file that is kept up to date'],
      [['adopt', '../outside'], 'is in no project'],
      [['restore', 'README.md'], 'is there'],
    ] as const)
      expect(await run(BIN, root, [...args])).toMatchObject({ code: 1, stderr: expect.stringContaining(sentence) });
  });
});

describe('new and base go the same way', () => {
  test.each([
    ['new', ['new', 'demo', '--destination', '.'], 'README.md'],
    ['base', ['base', '.'], 'Dockerfile'],
  ])('%s writes nothing where a file is in the way, and with --conflict beside it', async (_, args, path) => {
    const dir = tempDir();
    writeFileSync(join(dir, path), 'mine');
    const before = stamps(dir);
    const { code, stderr } = await run(BIN, dir, args);
    expect([code, stderr]).toEqual([3, expect.stringContaining(`  ${path}`)]);
    expect(stamps(dir)).toEqual(before);
    expect((await run(BIN, dir, [...args, '--conflict=sidecar'])).code).toBe(3);
    expect([text(dir, path), existsSync(join(dir, `${path}.makina-image-new`))]).toEqual(['mine', true]);
    expect((await run(BIN, dir, ['check'])).code).toBe(3);
    expect((await run(BIN, dir, ['resolve', path, '--theirs'])).code).toBe(0);
    expect((await run(BIN, dir, ['check'])).code).toBe(0);
  });
  test.each([
    ['new', ['new', 'demo', '--yes', '--destination', 'file/below/it']],
    ['base', ['base', 'file/below/it']],
  ])('%s below a file says so', async (_, args) => {
    const dir = tempDir();
    writeFileSync(join(dir, 'file'), 'mine');
    expect(await run(BIN, dir, args)).toMatchObject({
      code: 1,
      stderr: `makina-image: ${join(dir, 'file')} is not a folder, so nothing can be written to ${join(dir, 'file/below/it')}; choose another one`,
    });
  });
  test('what was in the way and is deleted then does not come back', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'README.md'), 'mine');
    await run(BIN, dir, ['new', 'demo', '--destination', '.', '--conflict=sidecar']);
    for (const path of ['README.md', 'README.md.makina-image-new']) rmSync(join(dir, path));
    for (let time = 0; time < 3; time++) {
      expect((await run(BIN, dir, ['upgrade'])).code).toBe(0);
      expect(existsSync(join(dir, 'README.md'))).toBe(false);
    }
  });
  test('an answer and its removal leave no trace, in whatever order, and no edit is lost', async () => {
    const [root, other] = [project(), project()];
    const before = contents(root);
    const program = ['new', '--programs', '{"worker": {"cmd": "sleep 9"}}'];
    const vhost = [
      'new',
      '--vhosts',
      '{"shop.example": {"locations": {"/": {"proxy_pass": "http://127.0.0.1:8001"}}}}',
    ];
    for (const args of [program, vhost]) expect((await run(BIN, root, args)).code).toBe(0);
    for (const args of [vhost, program]) expect((await run(BIN, other, args)).code).toBe(0);
    expect(contents(other)).toEqual(contents(root));
    expect(contents(root)).not.toEqual(before);
    change(other, 'project/.salt/PILLAR.sample', (sample) => `# mine\n${sample}`);
    const without = (root: string) =>
      run(BIN, root, ['new', '--programs', '{"worker": null}', '--vhosts', '{"shop.example": null}']);
    for (const folder of [root, other]) expect((await without(folder)).code).toBe(0);
    const answers = (rc: string) => rc.replace(/,\s*"(programs|vhosts)": \{\}/g, '');
    for (const folder of [root, other]) change(folder, '.yo-rc.json', answers);
    expect(contents(root)).toEqual({ ...before, '.yo-rc.json': contents(root)['.yo-rc.json'] });
    expect(JSON.parse(text(root, '.yo-rc.json'))).toEqual(JSON.parse((before['.yo-rc.json'] as string).slice(2)));
    expect(text(other, 'project/.salt/PILLAR.sample')).toMatch(/^# mine\n/);
  });
});

describe('ci', () => {
  const WORKFLOW = { github: '.github/workflows/makina-image.yml', gitlab: '.gitlab/makina-image.yml' };
  const FAKES = {
    npx: '#!/bin/sh\nshift 2\nexec node "$REAL_BIN" "$@"\n',
    gh: '#!/bin/sh\necho "gh $*" >> "$GH_LOG"\n[ "$2" = create ] || { [ "$GH_OPEN" ] && echo OPEN; }\n',
  };
  function stepsOf(kind: keyof typeof WORKFLOW, root: string): { script: string; env: Record<string, string> } {
    const workflow = parse(text(root, WORKFLOW[kind]));
    if (kind === 'gitlab')
      return { script: workflow['makina-image'].script.join('\n'), env: workflow['makina-image'].variables };
    const { steps, env } = workflow.jobs.upgrade;
    return { script: steps.flatMap(({ run }: { run?: string }) => run ?? []).join('\n'), env };
  }
  test.each(['github', 'gitlab'] as const)('%s: what it runs opens what it should for 0, 2 and 3', async (kind) => {
    const parent = tempDir();
    const made = project('made', parent);
    expect((await run(BIN, made, ['ci', kind])).code).toBe(0);
    expect((await run(BIN, made, ['check'])).code).toBe(0);
    const bin = join(parent, 'bin');
    mkdirSync(bin);
    for (const [name, script] of Object.entries(FAKES)) writeFileSync(join(bin, name), script, { mode: 0o755 });
    for (const [code, real, spoil] of [
      [0, BIN, () => undefined],
      [2, newer, () => undefined],
      [3, newer, clash],
      [1, newer, (root: string) => writeFileSync(join(root, '.yo-rc.json'), '{')],
    ] as const) {
      const source = project(`source${code}`, parent);
      cpSync(made, source, { recursive: true });
      spoil(source);
      await repository(source);
      const origin = join(parent, `origin${code}.git`);
      await git(parent, 'clone', '--quiet', '--bare', source, origin);
      await git(origin, 'config', 'receive.advertisePushOptions', 'true');
      const clone = join(parent, `clone${code}`);
      await git(parent, 'clone', '--quiet', '--depth=1', `file://${origin}`, clone);
      const { script, env } = stepsOf(kind, clone);
      const log = join(parent, `gh${code}`);
      const values = { ...env, GH_TOKEN: 'none', MAKINA_IMAGE_TOKEN: 'none', CI_REPOSITORY_URL: `file://${origin}` };
      const settings = {
        cwd: clone,
        all: true,
        reject: false,
        stdin: 'ignore',
        env: { ...values, CI: 'true', REAL_BIN: real, GH_LOG: log, PATH: `${bin}:${process.env.PATH}` },
      } as const;
      const { exitCode, all } = await execa('bash', ['-e', '-c', script], settings);
      expect([exitCode, code === 1 ? '' : exitCode && all]).toEqual([code === 1 ? 1 : 0, code === 1 ? '' : 0]);
      const branch = await git(origin, 'branch', '--list', 'makina-image-upgrade');
      expect(branch !== '').toBe(code > 1);
      if (code < 2) continue;
      const show = (path: string) => git(origin, 'show', `makina-image-upgrade:${path}`);
      expect(await show('README.md')).toContain('News of 9.0.0');
      expect((await show('project/launch.sh')).includes('<<<<<<< yours')).toBe(code === 3);
      expect(await show('.makina-image/manifest.json')).toContain('"9.0.0"');
      if (kind === 'github') {
        const [create] = text(parent, `gh${code}`)
          .split('\n')
          .filter((line) => line.startsWith('gh pr create'));
        expect(create?.includes('--draft')).toBe(code === 3);
        // The branch is pushed again, and its pull request is there.
        await git(clone, 'checkout', '--quiet', 'main');
        rmSync(log);
        expect(
          (await execa('bash', ['-e', '-c', script], { ...settings, env: { ...settings.env, GH_OPEN: '1' } })).exitCode,
        ).toBe(0);
        expect(readFileSync(log, 'utf8')).not.toContain('gh pr create');
      }
    }
  });
  test('is found from a folder inside the project, as check finds it', async () => {
    const root = project();
    const inside = join(root, 'project');
    expect((await run(BIN, inside, ['ci', 'gitlab'])).code).toBe(0);
    expect(existsSync(join(root, WORKFLOW.gitlab))).toBe(true);
    const { code, stdout } = await run(BIN, inside, ['check']);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`${root}: in sync`)]);
  });
  test('its file goes when the answer goes, and stays when it was edited', async () => {
    const root = project();
    await run(BIN, root, ['ci', 'github', 'gitlab']);
    appendFileSync(join(root, WORKFLOW.gitlab), '# mine\n');
    change(root, '.yo-rc.json', (rc) => rc.replace(/,\s*"ci": \[[^\]]*\]/, ''));
    const { code, report } = await run(BIN, root, ['upgrade', '--conflict=ours', '--json']);
    expect([code, actionOf(report, WORKFLOW.github), actionOf(report, WORKFLOW.gitlab)]).toEqual([
      0,
      'removed',
      'conflict template-deleted ours',
    ]);
    expect([existsSync(join(root, '.github')), existsSync(join(root, WORKFLOW.gitlab))]).toEqual([false, true]);
    expect((await run(BIN, root, ['check'])).code).toBe(0);
  });
});

describe('a project of the first release', () => {
  test('is upgraded file by file as its edits ask for', async () => {
    const parent = tempDir();
    const first = join(parent, 'package');
    await execa('tar', ['-xzf', FIRST, '-C', parent]);
    symlinkSync(join(packageRoot, 'node_modules'), join(first, 'node_modules'));
    const made = await run(join(first, 'dist/makina-image.cjs'), parent, ['new', 'demo', '--publish', '81']);
    expect(made.code).toBe(0);
    const root = join(parent, 'demo');
    expect(existsSync(join(root, '.makina-image'))).toBe(false);
    const fresh = project('fresh', parent);
    await run(BIN, fresh, ['new', '--publish', '81']);

    const salt = (path: string) => `project/.salt/${path}`;
    change(root, 'README.md', (readme) => `mine\n${readme}`);
    change(root, '.gitignore', (ignored) => `${ignored}mine\n`);
    change(root, 'project/launch.sh', (launch) => launch.replace(/^# Launches.*$/m, '# mine'));
    change(root, 'project/Dockerfile', (lines) => lines.replace('# The only safe', '# mine\n# The only safe'));
    change(root, salt('fixperms.sls'), (sls) => sls.replace(/\n$/, ''));
    change(root, salt('files/nginx/vhost.conf'), (conf) => conf.replaceAll('\n', '\r\n'));
    change(root, salt('files/circus/program.ini'), (ini) => `${ini}# mine\n`);
    chmodSync(join(root, salt('300_nginx.sls')), 0o755);
    rmSync(join(root, salt('files/nginx/nginx.conf')));
    rmSync(join(root, salt('400_circus.sls')));
    symlinkSync('fixperms.sls', join(root, salt('400_circus.sls')));
    mkdirSync(join(root, salt('launcher')));
    writeFileSync(join(root, salt('launcher/errors.py')), '# mine\n');
    writeFileSync(join(root, 'custom.sls'), '# mine\n');
    rmSync(join(root, 'pillar/init.sls'));
    const before = workTree(root);
    const untouched = stamps(root);

    const { code, report } = await run(BIN, root, ['upgrade', '--json']);
    expect([code, report.from, report.result]).toEqual([3, '0.1.0', 'conflicts']);
    expect(stamps(root)).toEqual(untouched);
    expect((await run(BIN, root, ['upgrade', '--conflict=markers', '--json'])).report.files).toEqual(report.files);

    const told = {
      'README.md': 'merged',
      '.gitignore': 'merged',
      'project/launch.sh': 'conflict content',
      'project/Dockerfile': 'conflict content',
      [salt('fixperms.sls')]: 'user-edit',
      [salt('files/nginx/vhost.conf')]: 'merged',
      [salt('files/circus/program.ini')]: 'conflict template-deleted',
      [salt('300_nginx.sls')]: 'merged',
      [salt('files/nginx/nginx.conf')]: 'deleted-by-user template-changed',
      [salt('400_circus.sls')]: 'conflict type-changed',
      [salt('launcher/errors.py')]: 'conflict both-added',
      [salt('launcher/files.py')]: 'created',
      'compose.yaml': 'updated',
      'custom.sls': undefined,
      'pillar/init.sls': undefined,
    };
    expect(Object.fromEntries(Object.keys(told).map((path) => [path, actionOf(report, path)]))).toEqual(told);

    const [after, newest] = [workTree(root), workTree(fresh)];
    expect(after['README.md']).toBe(newest['README.md']?.replace('- ', '- mine\n'));
    expect(after['project/launch.sh']).toContain('<<<<<<< yours\n# mine\n||||||| makina-image 0.1.0\n# Launches');
    expect(after['project/Dockerfile']).toContain('<<<<<<< yours\n# mine\n');
    expect(after[salt('files/nginx/vhost.conf')]).toBe(
      newest[salt('files/nginx/vhost.conf')]?.replaceAll('\n', '\r\n'),
    );
    expect(after[salt('300_nginx.sls')]).toBe(newest[salt('300_nginx.sls')]?.replace('-', 'x'));
    expect(after[salt('launcher/errors.py.makina-image-new')]).toBe(newest[salt('launcher/errors.py')]);
    const edited = [...Object.keys(told), salt('launcher/errors.py.makina-image-new')];
    for (const [path, action] of Object.entries(told)) {
      const isKept = action === undefined || /user|type|template-deleted|both-added/.test(action);
      if (isKept) expect([path, after[path]]).toEqual([path, before[path]]);
    }
    const others = (tree: Record<string, string>) =>
      Object.fromEntries(Object.entries(tree).filter(([path]) => !edited.includes(path)));
    expect(others(after)).toEqual(others(newest));
    expect((await run(BIN, root, ['check'])).code).toBe(3);
  });
  test('without edits is what this version writes', async () => {
    const parent = tempDir();
    const first = join(parent, 'package');
    await execa('tar', ['-xzf', FIRST, '-C', parent]);
    symlinkSync(join(packageRoot, 'node_modules'), join(first, 'node_modules'));
    await run(join(first, 'dist/makina-image.cjs'), parent, ['new', 'demo']);
    const root = join(parent, 'demo');
    expect((await run(BIN, root, ['check'])).code).toBe(2);
    expect((await run(BIN, root, ['upgrade'])).code).toBe(0);
    expect(contents(root)).toEqual(contents(join(work, 'demo')));
  });
});
