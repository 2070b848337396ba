import { cpSync, existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { minorVersion, packageRoot } from '../../generators/lib/package.ts';
import { BASE, doctor, OURS, path as searchPath } from '../support/doctor.ts';
import { needs, works } from '../support/needs.ts';
import { actionOf, change, made, project, run, text } from '../support/projects.ts';
import { baseOf, projectOf } from '../support/releases.ts';
import { BIN, tempDir } from '../support/run.ts';
import { contents, workTree } from '../support/snapshot.ts';

const PYTHON = process.env.TOOLS_PYTHON ?? 'python3';
const withSaltLibraries = needs(
  'Python with jinja2, PyYAML and circus (TOOLS_PYTHON)',
  works(PYTHON, '-c', 'import jinja2, yaml, circus'),
);

const salt = (path: string) => `project/.salt/${path}`;
const below = (text: string) => (before: string) => `${before}${text}`;
const APP = salt('files/nginx/nginx.conf');
const NOW = salt('runtime/files/nginx/nginx.conf');
const edit = (root: string, path: string) => change(root, path, (before) => before.replace(/\n$/, '\n# mine\n'));
const runtimeOf = async (root: string) => (await doctor(root)).report.findings.filter(({ id }) => id === 'runtime');

/** The store of bases of a project, in bytes. */
const storeOf = (root: string) =>
  readdirSync(join(root, '.makina-image/base')).reduce(
    (sum, name) => sum + text(root, `.makina-image/base/${name}`).length,
    0,
  );

describe.each(['0.1.0', '0.2.0'])('the runtime of a project of %s', (release) => {
  test('goes to the base image if no one edited it, and takes its bases along', async () => {
    const root = await projectOf(release);
    const { stdout, code } = await run(BIN, root, ['upgrade']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^ {2}removed the runtime in project\/\.salt\/files \(\d+ files\)$/m),
    ]);
    expect(stdout).not.toContain('You changed');
    expect(storeOf(root)).toBeLessThan(25_000);
    expect(await runtimeOf(root)).toEqual([{ id: 'runtime', level: 'ok', what: 'the base image brings it' }]);
  });

  test('stays in the project if a file was edited, and the output says so', async () => {
    const root = await projectOf(release);
    edit(root, APP);
    const checked = await run(BIN, root, ['check', '--json']);
    expect([checked.code, checked.report.vendored]).toEqual([2, [APP]]);
    const { code, stdout } = await run(BIN, root, ['upgrade']);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`You changed ${APP}, a file of the runtime`)]);
    expect(stdout).toContain(`makina-image new ${root}/ --runtime base`);
    expect(JSON.parse(text(root, '.yo-rc.json'))['generator-makina-image'].answers.runtime).toBe('vendored');
    expect(existsSync(join(root, salt('files')))).toBe(false);
    expect(text(root, NOW)).toContain('# mine\n');
    const others = (tree: Record<string, string>) => ({ ...tree, [NOW]: '', '.yo-rc.json': '' });
    const fresh = project();
    await run(BIN, fresh, ['new', '--runtime', 'vendored']);
    expect(others(workTree(root))).toEqual(others(workTree(fresh)));
    // It is reported once.
    expect(await run(BIN, root, ['upgrade'])).toMatchObject({ code: 0, stdout: `${root}: in sync` });
    expect(await runtimeOf(root)).toMatchObject([
      { level: 'ok', what: expect.stringContaining(`your edits of ${NOW}`) },
    ]);
  });

  test('is left where it was, without effect, only if the owner wants that', async () => {
    const root = await projectOf(release);
    edit(root, APP);
    const before = contents(root);
    const refused = await run(BIN, root, ['new', '--runtime', 'base']);
    expect([refused.code, refused.stderr, contents(root)]).toEqual([3, expect.stringContaining(`  ${APP}`), before]);
    const { code, stdout } = await run(BIN, root, ['new', '--runtime', 'base', '--conflict=ours']);
    expect(code).toBe(0);
    expect([stdout.includes('You changed'), text(root, APP)]).toEqual([false, expect.stringContaining('# mine')]);
    expect(await runtimeOf(root)).toMatchObject([
      { level: 'warning', what: expect.stringContaining(`nothing reads ${APP} any more`) },
      { level: 'ok' },
    ]);
  });
});

test('the runtime of a project of 0.2.0 stays with a file that its owner took over, which 0.1.0 cannot do', async () => {
  const root = await projectOf('0.2.0');
  edit(root, APP);
  await run(join(root, '../package/dist/makina-image.cjs'), root, ['adopt', APP]);
  const mine = text(root, APP);
  const { code, report } = await run(BIN, root, ['upgrade', '--json']);
  expect([code, report.vendored, report.adopted]).toEqual([0, [APP], [NOW]]);
  expect([text(root, NOW), existsSync(join(root, APP))]).toEqual([mine, false]);
  expect((await run(BIN, root, ['restore', NOW])).code).toBe(0);
  await run(BIN, root, ['upgrade']);
  expect(text(root, NOW)).toContain('# mine\n');
});

test('an adopted file of the runtime that does not fit the others moves along, and is reported until it is merged', async () => {
  const root = await projectOf('0.2.0');
  const [then, now] = [salt('launcher/seeds.py'), salt('runtime/launcher/volumes/seeds.py')];
  await run(join(root, '../package/dist/makina-image.cjs'), root, ['adopt', then]);
  change(root, then, below('# mine\n'));
  const { stdout, code } = await run(BIN, root, ['check']);
  expect([code, stdout]).toEqual([2, expect.stringContaining(`move ${now}: you adopted it, and it is older than`)]);
  const copy = join(tempDir(), 'demo');
  cpSync(root, copy, { recursive: true });
  const byNew = await run(BIN, copy, ['new']);
  expect(byNew.stdout).toContain(`\n${now}: you adopted it, and it is older than`);
  const done = await run(BIN, root, ['upgrade']);
  expect(done.stdout.match(/^ {2}moved .*/gm)).toEqual([
    expect.stringContaining(`moved ${now}: you adopted it`),
    expect.stringMatching(/^ {2}moved the runtime to project\/\.salt\/runtime \(\d+ files\)$/),
  ]);
  expect(done.stdout).not.toMatch(/updated the runtime|removed the runtime in project\/\.salt\/launcher/);
  const told = async () => (await runtimeOf(root)).filter(({ level }) => level !== 'ok');
  expect(await told()).toMatchObject([{ level: 'warning', where: join(root, now) }]);
  const [{ fix = '' } = {}] = await told();
  expect(fix).toContain(`makina-image restore ${join(root, now)} && makina-image upgrade --conflict=markers ${root} `);
  await run(BIN, root, ['restore', now]);
  await run(BIN, root, ['upgrade', '--conflict=markers']);
  expect([await told(), text(root, now)]).toEqual([[], expect.stringContaining('# mine\n')]);
  change(root, now, () => `${text(root, `${now}.makina-image-new`)}# mine\n`);
  expect((await run(BIN, root, ['resolve', now, '--merged'])).code).toBe(0);
  // From here on it is of today.
  await run(BIN, root, ['adopt', now]);
  expect(await told()).toEqual([]);
});

test('a file of the runtime that became a link is an edit, which upgrade shows, since it cannot move', async () => {
  const root = await projectOf('0.2.0');
  const [then, now, mine] = [
    salt('files/nginx/vhost.conf'),
    salt('runtime/files/nginx/vhost.conf'),
    join(root, 'mine'),
  ];
  writeFileSync(mine, `${text(root, then)}# mine\n`);
  rmSync(join(root, then));
  symlinkSync(mine, join(root, then));
  const checked = await run(BIN, root, ['check', '--json']);
  expect([checked.code, checked.report.vendored, actionOf(checked.report, then)]).toEqual([
    3,
    [then],
    'conflict template-deleted',
  ]);
  const adopted = join(tempDir(), 'demo');
  cpSync(root, adopted, { recursive: true });
  await run(join(root, '../package/dist/makina-image.cjs'), adopted, ['upgrade', '--conflict=ours']);
  const byAdopted = await run(BIN, adopted, ['upgrade']);
  const { code, stdout } = await run(BIN, root, ['upgrade', '--conflict=markers']);
  expect([code, stdout]).toEqual([3, expect.stringContaining(`  ${then}: the runtime has moved, and nothing reads`)]);
  for (const told of [byAdopted.stdout, stdout])
    expect(told).toContain(`without effect: bring what is in ${then} into project/.salt/runtime, and remove it.`);
  expect([readlinkSync(join(root, then)), text(root, now)]).toEqual([mine, expect.not.stringContaining('# mine')]);
  const told = async () => (await runtimeOf(root)).filter(({ level }) => level !== 'ok');
  expect(await told()).toMatchObject([{ what: expect.stringContaining(`nothing reads ${then} any more`) }]);
  rmSync(join(root, then));
  expect([(await run(BIN, root, ['upgrade'])).code, await told()]).toEqual([0, []]);
});

test('an edit of the launcher that the templates changed too is a conflict at its new place', async () => {
  const root = await projectOf('0.2.0');
  change(root, salt('launcher/seeds.py'), (code) => code.replace(/^import .*$/gm, '$&  # mine'));
  expect((await run(BIN, root, ['upgrade'])).code).toBe(3);
  const { code, report, stdout } = await run(BIN, root, ['upgrade', '--conflict=markers', '--json']);
  expect([code, actionOf(report, salt('runtime/launcher/volumes/seeds.py'))]).toEqual([3, 'conflict content']);
  expect(stdout.length).toBeGreaterThan(0);
  expect(text(root, salt('runtime/launcher/volumes/seeds.py'))).toContain('  # mine\n');
  expect(existsSync(join(root, salt('launcher')))).toBe(false);
});

test('a project of 0.2 on another base takes its runtime and the edits along, without a message', async () => {
  const root = await projectOf('0.2.0', '--base-image', 'example.invalid/base:1');
  edit(root, APP);
  const { code, report } = await run(BIN, root, ['upgrade', '--json']);
  expect([code, report.vendored, actionOf(report, NOW)]).toEqual([0, undefined, 'merged']);
  expect(text(root, NOW)).toContain('# mine\n');
  expect(existsSync(join(root, salt('files')))).toBe(false);
});

test('an edit of the runner in the folder of a base image goes along', async () => {
  const root = await baseOf('0.2.0');
  change(root, 'runner/watcher.py', below('# mine\n'));
  // Whether it conflicts there depends on what else is new in that file.
  const { report } = await run(BIN, root, ['upgrade', '--conflict=markers', '--json']);
  expect(actionOf(report, 'runtime/runner/watcher.py')).toMatch(/^(merged|conflict content)$/);
  expect(text(root, 'runtime/runner/watcher.py')).toContain('# mine\n');
  expect(existsSync(join(root, 'runner'))).toBe(false);
});

describe('what an owner wrote into a file that became a few lines', () => {
  const STATES = '\nmine:\n  cmd.run:\n    - name: echo {{ nginx_dir }} {{ cfg.name }}\n';

  test.each(['0.1.0', '0.2.0'])('of %s stays below it, with the variables that it reads', async (release) => {
    const root = await projectOf(release);
    const step = salt('300_nginx.sls');
    const fresh = text(project(), step);
    change(root, step, below(STATES));
    const { code, report } = await run(BIN, root, ['upgrade', '--json']);
    expect([code, actionOf(report, step)]).toEqual([0, 'merged']);
    expect(text(root, step)).toBe(
      `${fresh}{% set nginx_dir = '/etc/makina-projects/demo/nginx' %}\n{% set cfg = opts.ms_project %}\n${STATES}`,
    );
  });

  const FIXPERMS = salt('fixperms.sls');
  const PREREQUISITES = salt('100_dirs_and_prerequisites.sls');
  const MODULE = salt('_modules/mc_launcher.py');
  const requiring = (required: string) =>
    `\nmine:\n  cmd.run:\n    - name: echo\n    - require:\n      - ${required}\n`;
  test.each<[string, string, string, boolean]>([
    ['a name of the old code', MODULE, '\n\ndef mine():\n    return signal.SIGTERM, STEPS\n', false],
    ['what is there still', MODULE, '\n\ndef mine():\n    return os.getpid()\n', true],
    ['a state that went', FIXPERMS, requiring('cmd: demo-code-permissions'), false],
    ['a state that went, in quotes', FIXPERMS, requiring("cmd: '{{ cfg.name }}-pillar-permissions'"), false],
    ['a state that went, before a comment', FIXPERMS, requiring('cmd: demo-code-permissions  # as ever'), false],
    ['a state that went, in one line', FIXPERMS, requiring('[{cmd: demo-code-permissions}]'), false],
    ['a state that went, by its id', FIXPERMS, requiring('demo-code-permissions'), false],
    ['a link that went', PREREQUISITES, requiring('file: demo-crontab-link'), false],
    ['a folder of a loop that went', PREREQUISITES, requiring('file: demo-directory-/srv/x'), false],
    ['a folder by its path', PREREQUISITES, requiring('file: /srv/projects/demo/data'), false],
    ['a folder of a variable', PREREQUISITES, requiring('file: {{ cfg.data_root }}/data'), false],
    ['a state that the runtime has', PREREQUISITES, requiring('pkg: demo-nginx'), true],
    ['one of a loop that the runtime has', PREREQUISITES, requiring('cmd: demo-virtualenv-web'), true],
    ['one of its own loop', PREREQUISITES, `${requiring('file: {{ x }}')}{{ x }}:\n  file.directory: []\n`, true],
    ['one of its own', PREREQUISITES, `${requiring('file: /srv/x')}/srv/x:\n  file.directory: []\n`, true],
  ])('below it that needs %s', async (_, path, added, isKept) => {
    const root = await projectOf('0.2.0');
    change(root, path, below(added));
    const { code, report } = await run(BIN, root, ['check', '--json']);
    expect([code, actionOf(report, path)]).toEqual(isKept ? [2, 'merged'] : [3, 'conflict code-moved']);
  });

  const EDITS: [path: string, how: (text: string) => string, shown: string[]][] = [
    [salt('100_dirs_and_prerequisites.sls'), (sls) => sls.replace('name: tini', 'name: mine'), ['demo-tini:', 'mine']],
    // The variable of a loop, and an include of its own.
    [salt('200_reconfigure.sls'), below('\nmine:\n  x.y: {{ settings }}\n'), ['mine:']],
    [salt('400_circus.sls'), below('\ninclude:\n  - mine\n'), ['- mine']],
    ['project/launch.sh', (sh) => sh.replace('umask 027', 'umask 022'), ['umask 022']],
    [salt('_modules/mc_launcher.py'), (py) => py.replace(/^STEPS/m, 'MINE = 1\nSTEPS'), ['MINE = 1']],
    [salt('PILLAR.sample'), (text) => text.replace('retry: 5', 'retry: 3'), ['program_defaults:', 'max_retry: 3']],
  ];

  test('elsewhere is a short conflict that shows it and says where the rest is', async () => {
    const [root, fresh] = [await projectOf('0.2.0'), project()];
    for (const [path, how] of EDITS) change(root, path, how);
    const { code, stdout } = await run(BIN, root, ['upgrade', '--conflict=markers']);
    expect([code, stdout.match(/it is only a few lines now, and the runtime (does|has) .*runtime\//g)?.length]).toEqual(
      [3, 6],
    );
    expect(stdout).toContain(
      'in runtime/launcher/steps.py (WATCHED_ENV and OVERRIDE_JINJA: the answers watched_env and override_jinja);',
    );
    for (const [path, , shown] of EDITS) {
      const [, mine = ''] = /^<<<<<<< yours\n(.*?)^\|\|\|\|\|\|\| makina-image 0\.2\.0$/ms.exec(text(root, path)) ?? [];
      for (const line of shown) expect(mine).toContain(line);
      expect(mine.split('\n').length).toBeLessThan(30);
    }
    await run(BIN, root, ['resolve', '--theirs', ...EDITS.map(([path]) => path)]);
    for (const [path] of EDITS) expect(text(root, path)).toBe(text(fresh, path));
  });

  test('elsewhere in code cannot be your side alone, and doctor finds what is there twice', async () => {
    const root = await projectOf('0.2.0');
    for (const [path, how] of EDITS) change(root, path, how);
    const { stdout } = await run(BIN, root, ['upgrade', '--conflict=markers']);
    expect(stdout.match(/ --merged \(or --theirs\)$/gm)?.length).toBe(5);
    const before = contents(root);
    for (const [path] of EDITS.filter(([path]) => path !== salt('PILLAR.sample'))) {
      const { code, stderr } = await run(BIN, root, ['resolve', path, '--ours']);
      expect([path, code, stderr]).toEqual([
        path,
        3,
        expect.stringMatching(
          / in runtime\/\S+( \(.*\))?, and your version does not work beside it as it is; keep only what is /,
        ),
      ]);
    }
    expect(contents(root)).toEqual(before);

    const step = salt('100_dirs_and_prerequisites.sls');
    change(root, step, (sls) => sls.replace(/^\|{7}.*?^={7}\n/ms, '').replace(/^[<>]{7} .*\n/gm, ''));
    expect((await run(BIN, root, ['resolve', step, '--merged'])).code).toBe(0);
    const twice = async () => (await runtimeOf(root)).filter(({ where }) => where === join(root, step));
    expect(await twice()).toMatchObject([{ level: 'warning', what: expect.stringContaining('both define demo-tini') }]);
    change(root, step, (sls) => sls.replace('demo-tini:', 'mine:'));
    expect(await twice()).toEqual([]);
  });

  test.each<[string, string, string, string[]]>([
    ['of Jinja', '200_reconfigure', '{{ cfg.name }}-app-configuration:', ['demo-app-configuration']],
    ['in quotes', '400_circus', "'demo-circus-dir':\r", ['demo-circus-dir']],
    ['of a loop', '100_dirs_and_prerequisites', 'demo-download-{{ name }}:', ['demo-download-{{ name }}']],
    ['of a step that is not included', '300_nginx', 'demo-circus-dir:', []],
    ['without end', 'fixperms', `${'\n'.repeat(100_000)}${': '.repeat(100_000)}`, []],
  ])('doctor finds an id %s that the runtime has too, in 5 seconds', async (_, step, id, found) => {
    const root = project();
    change(root, salt(`${step}.sls`), below(`\n${id}\n  test.nop: []\n`));
    const start = performance.now();
    const told = (await runtimeOf(root)).filter(({ level }) => level === 'warning').map(({ what }) => what);
    expect(told).toEqual(found.map((each) => expect.stringContaining(` both define ${each}`)));
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

withSaltLibraries('a default that an owner keeps in PILLAR.sample hides no other one', async () => {
  const [root, out] = [await projectOf('0.2.0'), tempDir()];
  change(root, salt('PILLAR.sample'), (text) => text.replace('retry: 5', 'retry: 3'));
  await run(BIN, root, ['upgrade', '--conflict=markers']);
  expect((await run(BIN, root, ['resolve', salt('PILLAR.sample'), '--ours'])).code).toBe(0);
  // So that one of them is new.
  change(root, salt('PILLAR.sample'), (text) => text.replace('      warmup_delay: 0\n', ''));
  const script = join(packageRoot, 'test/support/render_sls.py');
  const { data } = JSON.parse((await execa(PYTHON, [script, root, join(made, 'base'), out])).stdout);
  const { program_defaults } = JSON.parse(text(join(made, 'base'), 'runtime/defaults.json'));
  expect(data.program_defaults).toEqual({ ...program_defaults, max_retry: 3 });
  expect(Object.keys(data.programs)).toEqual(['web']);
});

/** Runs the first half of a build, up to where Salt is called, in a folder in the place of /srv. */
async function firstHalf(root: string) {
  const [run = ''] = /^RUN runtime=.*?[^\\]$/ms.exec(text(root, 'project/Dockerfile')) ?? [];
  const script = run
    .slice('RUN '.length)
    .replaceAll('/srv/projects/demo', root)
    .replaceAll('/srv/', join(root, 'srv/'));
  const { exitCode, stderr } = await execa('sh', ['-c', script], { reject: false });
  return [exitCode, stderr];
}

describe('a runtime of the project', () => {
  test('comes with an answer, and goes with it', async () => {
    const root = project();
    const before = contents(root);
    await run(BIN, root, ['new', '--runtime', 'vendored']);
    expect(existsSync(join(root, salt('runtime/version')))).toBe(true);
    await run(BIN, root, ['new', '--answers', '-'], { stdin: 'pipe', input: '{"runtime": null}' });
    expect(contents(root)).toEqual(before);
  });

  test('that was edited goes only with --conflict=theirs, and leaves a copy', async () => {
    const root = project();
    await run(BIN, root, ['new', '--runtime', 'vendored']);
    edit(root, NOW);
    const before = contents(root);
    const { code, stderr } = await run(BIN, root, ['new', '--runtime', 'base']);
    expect([code, stderr, contents(root)]).toEqual([
      3,
      expect.stringContaining(`${NOW}: you edited the runtime`),
      before,
    ]);
    const kept = await run(BIN, root, ['new', '--runtime', 'base', '--conflict=ours', '--dry-run']);
    expect(kept.code).toBe(0);
    await run(BIN, root, ['new', '--runtime', 'base', '--conflict=theirs']);
    const [copy = ''] = readdirSync(join(root, '.makina-image/backup'));
    expect([text(root, `.makina-image/backup/${copy}`), existsSync(join(root, salt('runtime')))]).toEqual([
      expect.stringContaining('# mine'),
      false,
    ]);
  });

  test('of another version than the project, or of none, stops a build, and doctor says so', async () => {
    const root = project();
    await run(BIN, root, ['new', '--runtime', 'vendored']);
    const version = salt('runtime/version');
    const whole = text(root, version);
    for (const [now, said] of [
      ['0.2 0.2.0 x\n', '0.2'],
      ['\n', 'nothing'],
      [`\ufeff${whole}`, `\ufeff${minorVersion}`],
    ]) {
      change(root, version, () => now as string);
      expect(await runtimeOf(root)).toMatchObject([
        { level: 'error', what: expect.stringContaining(`it says ${said}, and `), where: join(root, version) },
        { level: 'ok' },
      ]);
    }
    rmSync(join(root, version));
    await run(BIN, root, ['restore', version]);
    // The build reads the first word alone.
    change(root, version, (text) => text.replace(/\S+\n?$/, 'mine\n'));
    expect(await runtimeOf(root)).toMatchObject([{ level: 'ok' }]);
  });

  test('that is left over stops a build, and doctor says so', async () => {
    const root = project();
    await run(BIN, root, ['new', '--runtime', 'vendored']);
    edit(root, NOW);
    await run(BIN, root, ['new', '--runtime', 'base', '--conflict=ours']);
    expect(await runtimeOf(root)).toMatchObject([{ level: 'error', where: join(root, salt('runtime')) }]);
    rmSync(join(root, salt('runtime')), { recursive: true });
    expect(await runtimeOf(root)).toMatchObject([{ level: 'ok' }]);
  });

  const RUN = salt('runtime');
  test.each<[string, (at: string) => void]>([
    ['a link that leads nowhere', (at) => symlinkSync('/nowhere', at)],
    ['a link to an empty folder', (at) => symlinkSync('..', at)],
    ['a file', (at) => writeFileSync(at, '')],
    ['an empty folder', (at) => mkdirSync(at)],
  ])('has nothing in its place: %s stops a build, and doctor says so', async (_, put) => {
    const root = project();
    put(join(root, RUN));
    expect(await runtimeOf(root)).toMatchObject([
      { level: 'error', what: expect.stringContaining('the build stops at what'), where: join(root, RUN) },
    ]);
    expect(await firstHalf(root)).toEqual([
      78,
      'demo: project/.salt/runtime is not a complete runtime; remove it, or set runtime: vendored',
    ]);
  });

  test('is looked for in the base image by the build, which says that there is none', async () => {
    const root = project();
    const told = 'demo: the base image has no runtime; rebuild it (makina-image base), or set runtime: vendored';
    expect(await firstHalf(root)).toEqual([78, told]);
    // An image that is built upon has the link already.
    expect(await firstHalf(root)).toEqual([78, told]);
  });

  test('stays with an edit where the base image becomes ours', async () => {
    const root = project();
    await run(BIN, root, ['new', '--base-image', 'example.invalid/base:1']);
    edit(root, NOW);
    const { stdout } = await run(BIN, root, ['new', '--base-image', BASE]);
    expect(stdout).toContain(`You changed ${NOW}, a file of the runtime`);
    expect(text(root, NOW)).toContain('# mine');
  });
});

describe('doctor', () => {
  test.each<[string, Record<string, string>, string]>([
    ['no runtime', { 'org.opencontainers.image.title': 'makina-image-base' }, 'brings no runtime'],
    [
      'another runtime',
      { ...OURS, 'makina-image.runtime': '0.2' },
      `brings the runtime 0.2, and the project is written for ${minorVersion}`,
    ],
  ])('says that a base image with %s stops the build', async (_, labels, what) => {
    const root = project();
    const images = searchPath({ images: { [BASE]: labels } });
    const { of, exitCode } = await doctor(root, [], images);
    expect([exitCode, of('base-image')]).toMatchObject([2, { level: 'error', what: expect.stringContaining(what) }]);
    await run(BIN, root, ['new', '--runtime', 'vendored']);
    expect((await doctor(root, [], images)).of('base-image')).toMatchObject({ level: 'ok' });
  });

  test('finds your own files where the launcher of 0.2 was', async () => {
    const root = await projectOf('0.2.0');
    const mine = salt('launcher/mine.py');
    writeFileSync(join(root, mine), 'MINE = 1\n');
    mkdirSync(join(root, salt('launcher/__pycache__')), { recursive: true });
    expect((await run(BIN, root, ['upgrade'])).code).toBe(0);
    const left = [
      { level: 'warning', what: expect.stringContaining(`nothing reads ${mine} any more`) },
      { level: 'ok' },
    ];
    expect(await runtimeOf(root)).toMatchObject(left);
    rmSync(join(root, mine));
    expect(await runtimeOf(root)).toMatchObject([{ level: 'ok' }]);
  });

  test('says that a step of 0.2, which its owner kept, does not use the runtime', async () => {
    const root = await projectOf('0.2.0');
    const step = salt('300_nginx.sls');
    change(root, step, (sls) => sls.replace('check_cmd: nginx', 'check_cmd: mine # at runtime, the runtime'));
    await run(BIN, root, ['upgrade', '--conflict=ours']);
    expect(await runtimeOf(root)).toMatchObject([{ level: 'warning', where: join(root, step) }, { level: 'ok' }]);
  });
});
