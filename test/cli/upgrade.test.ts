import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../generators/lib/output/report.ts';
import { packageRoot, version } from '../../generators/lib/package.ts';
import { faultyEnv } from '../support/fault-bin.ts';
import { NEWER, otherVersion } from '../support/newer.ts';
import { actionOf, change, clash, made, newer, project, run, text } from '../support/projects.ts';
import { BIN, onTerminal, tempDir } from '../support/run.ts';
import { contents, stamps, workTree } from '../support/snapshot.ts';

const FIRST = join(packageRoot, 'test/fixtures/generator-makina-image-0.1.0.tgz');

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
  test('answers that were changed manually are a change', async () => {
    const root = project();
    change(root, '.yo-rc.json', (rc) => rc.replace('"name": "demo"', '"name": "demo", "publish": 9000'));
    const { code, report } = await run(BIN, root, ['check', '--json']);
    // Its layout is the user's.
    expect([code, actionOf(report, 'compose.yaml'), actionOf(report, '.yo-rc.json')]).toEqual([
      2,
      'updated',
      undefined,
    ]);
  });
  test.each<[string, (root: string) => void, string]>([
    ['no project', (root) => rmSync(root, { recursive: true }), 'is not a project of this generator'],
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
      'was written by a newer generator',
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
  test.each([
    [[]],
    [['--conflict=abort']],
  ])('writes nothing if there is a conflict and no terminal: %j', async (flags) => {
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
  test('ours keeps the file permanently', async () => {
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
  test('goes back to an older version only with --allow-downgrade', async () => {
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
    cpSync(join(made, 'base'), root, { recursive: true });
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
  test('one whose report is lost is upgraded, and the run ends with 1', async () => {
    const parent = tempDir();
    const roots = ['p1', 'p2'].map((name) => project(name, parent));
    const script = 'node "$0" upgrade --json p1 p2 > /dev/full';
    const { exitCode, stderr } = await execa('sh', ['-c', script, newer], { cwd: parent, reject: false });
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^makina-image: its output cannot be written .*$/)]);
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

describe('a batch that is stopped', () => {
  test('ends after the project that it is at, with all of that done', async () => {
    const parent = tempDir();
    const roots = Array.from({ length: 8 }, (_, index) => project(`p${index}`, parent));
    const seen = join(parent, 'seen');
    const upgrade = (env: Record<string, string>, ...roots: string[]) =>
      execa('node', [newer, 'upgrade', '--json', ...roots], { cwd: parent, reject: false, stdin: 'ignore', env });
    await upgrade(faultyEnv({}, seen), roots.pop() as string);
    const inOne = JSON.parse(readFileSync(seen, 'utf8')).at(-1);
    const signalled = faultyEnv({ signal: { at: 3 * inOne, when: 'after', name: 'SIGINT' } });
    const { signal, stdout } = await upgrade(signalled, ...roots);
    const told = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Report);
    expect(signal).toBe('SIGINT');
    expect([told.length > 0, told.length < roots.length]).toEqual([true, true]);
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
      'project/launch.sh': 'conflict code-moved',
      'project/Dockerfile': 'conflict content',
      [salt('fixperms.sls')]: 'merged',
      [salt('files/nginx/vhost.conf')]: 'removed',
      [salt('files/circus/program.ini')]: 'conflict template-deleted',
      [salt('300_nginx.sls')]: 'updated',
      [salt('files/nginx/nginx.conf')]: undefined,
      [salt('400_circus.sls')]: 'conflict type-changed',
      [salt('launcher/errors.py')]: undefined,
      'compose.yaml': 'updated',
      'custom.sls': undefined,
      'pillar/init.sls': undefined,
    };
    expect(Object.fromEntries(Object.keys(told).map((path) => [path, actionOf(report, path)]))).toEqual(told);

    const [after, newest] = [workTree(root), workTree(fresh)];
    expect(after['README.md']).toBe(newest['README.md']?.replace('- ', '- mine\n'));
    expect(after['project/launch.sh']).toMatch(
      /^<<<<<<< yours\n#!\/bin\/sh\n# mine\n[^<]*^\|{7} makina-image 0\.1\.0\n#!\/bin\/sh\n# Launches/m,
    );
    expect(after['project/Dockerfile']).toContain('<<<<<<< yours\n# mine\n');
    expect(after[salt('fixperms.sls')]).toBe(newest[salt('fixperms.sls')]?.replace(/\n$/, ''));
    expect(after[salt('300_nginx.sls')]).toBe(newest[salt('300_nginx.sls')]?.replace('-', 'x'));
    const left = ['files', 'files/circus', 'launcher'].map(salt);
    const edited = [...Object.keys(told), ...left];
    for (const [path, action] of Object.entries(told)) {
      const isKept = action === undefined || /user|type|template-deleted/.test(action);
      if (isKept) expect([path, after[path]]).toEqual([path, before[path]]);
    }
    const others = (tree: Record<string, string>) =>
      Object.fromEntries(Object.entries(tree).filter(([path]) => !edited.includes(path)));
    expect(others(after)).toEqual(others(newest));
    expect((await run(BIN, root, ['check'])).code).toBe(3);
  });
});
