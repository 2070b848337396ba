import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { doctor as examine } from '../../generators/lib/doctor/doctor.ts';
import { doctorSchema } from '../../generators/lib/doctor/finding.ts';
import { checkNode } from '../../generators/lib/doctor/node.ts';
import { minorVersion, version } from '../../generators/lib/package.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { BASE, doctor, ENGINE, path, project } from '../support/doctor.ts';
import { needs, works } from '../support/needs.ts';
import { otherVersion } from '../support/newer.ts';
import { BIN, makinaImage, tempDir } from '../support/run.ts';
import { asUser } from '../support/user.ts';

const isRoot = process.getuid?.() === 0;

/** Everything below a folder, with what a write would change. */
function stamps(root: string): string[] {
  return readdirSync(root, { recursive: true })
    .map(String)
    .sort()
    .map((name) => `${name} ${lstatSync(join(root, name)).mtimeMs} ${lstatSync(join(root, name)).ctimeMs}`);
}

/** Changes the text of a file. */
function edit(file: string, how: (text: string) => string): void {
  writeFileSync(file, how(readFileSync(file, 'utf8')));
}

describe('on a machine that has all', () => {
  test('finds nothing in a fresh project, in time, and writes nothing', async () => {
    const root = await project('--publish', String(await freePort()));
    const before = stamps(root);
    const start = performance.now();
    const { exitCode, report, bad } = await doctor(root);
    expect(bad).toEqual([]);
    expect([exitCode, report.result, report.project]).toEqual([0, 'ok', root]);
    expect(report).toEqual(doctorSchema().parse(report));
    expect(stamps(root)).toEqual(before);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('prints a line for each check, and below a finding what to do', async () => {
    const root = await project();
    chmodSync(join(root, 'project/launch.sh'), 0o644);
    const { exitCode, stdout } = await makinaImage(join(root, 'project'), ['doctor'], { env: { PATH: path({}) } });
    const lines = String(stdout).split('\n');
    const at = lines.findIndex((line) => line.startsWith('error    executable: '));
    expect(lines[at + 1]).toMatch(/^ {9}chmod \+x .*project\/launch\.sh/);
    expect(lines.filter((line) => line.startsWith('ok       ')).length).toBeGreaterThan(10);
    expect(lines.at(-1)).toBe(`${root}: 1 error, 0 warnings`);
    expect(exitCode).toBe(2);
  });

  test('looks at the folder of a base image too, and outside of any project at the host alone', async () => {
    const dir = tempDir();
    await makinaImage(dir, ['base', 'base-image']);
    const base = await doctor(dir, ['base-image']);
    expect([base.exitCode, base.bad, base.report.project]).toEqual([0, [], join(dir, 'base-image')]);
    const { exitCode, report } = await doctor(dir);
    expect([exitCode, report.project]).toEqual([0, null]);
    expect(report.findings.map(({ id }) => id)).toEqual(['node', 'yo', 'docker', 'buildx', 'compose', 'disk']);
  });

  test.each<[string, (root: string) => void]>([
    ['a FIFO as the Dockerfile', (root) => replaceBy(root, 'project/Dockerfile', 'mkfifo')],
    ['an endless Dockerfile', (root) => replaceBy(root, 'project/Dockerfile', 'ln -s /dev/zero')],
    ['a volume that links to itself', (root) => replaceBy(root, 'data', 'ln -s data')],
    ['a manifest that links to itself', (root) => replaceBy(root, '.makina-image', 'ln -s .makina-image')],
    ['a launch.sh of gigabytes', (root) => replaceBy(root, 'project/launch.sh', 'truncate -s 3G')],
  ])('ends with a finding for %s', async (_, spoil) => {
    const root = await project();
    spoil(root);
    const { exitCode, bad } = await doctor(root);
    expect([bad.length > 0, exitCode]).toEqual([true, expect.toBeOneOf([0, 2])]);
  });

  test('sees from below, and as an ordinary user', async () => {
    const root = await project();
    for (const folder of [root, join(root, '..'), join(root, 'pillar')]) chmodSync(folder, 0o755);
    const searchPath = path({});
    const [command = '', ...args] = asUser(['node', BIN, 'doctor', '--json']);
    const { stdout, stderr } = await execa(command, args, {
      cwd: join(root, 'pillar'),
      reject: false,
      env: { PATH: `${searchPath}:/usr/bin:/bin` },
    });
    expect([stderr, JSON.parse(stdout).project]).toEqual(['', root]);
  });
});

/** Puts what a command makes in the place of a path. */
function replaceBy(root: string, path: string, command: string): void {
  rmSync(join(root, path), { recursive: true });
  const [file = '', ...args] = command.split(' ');
  execaSync(file, [...args, join(root, path)]);
}

describe('Node', () => {
  test.each(['20.17.0', '20.99.1', '22.13.0', '23.5.0', '26.0.0'])('%s is taken', (node) => {
    expect(checkNode(node, packageJson.engines.node).level).toBe('ok');
  });
  test.each(['18.20.4', '20.16.9', '21.7.3', '22.12.9', '23.4.0'])('%s is not', (node) => {
    expect(checkNode(node, packageJson.engines.node)).toMatchObject({ level: 'error', fix: expect.any(String) });
  });
});

describe('Docker', () => {
  const down = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?';
  const forbidden =
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: dial unix: connect: permission denied';
  const silent = { ...ENGINE, ServerVersion: '' };

  test('is reported as missing if there is none', async () => {
    const { exitCode, told, of } = await doctor(await project(), [], path());
    expect([exitCode, told]).toEqual([2, ['error docker']]);
    expect(of('docker')?.fix).toContain('install Docker');
  });

  test.each([
    ['does not run', { info: silent, code: 1, stderr: down }, 'error', /is not running/, /systemctl start docker/],
    [
      'does not run, in the words of an older client',
      { info: { ServerErrors: [down] } },
      'error',
      /is not running/,
      /start/,
    ],
    [
      'may not be used',
      { info: silent, code: 1, stderr: forbidden },
      'error',
      /not allowed to use/,
      /usermod -aG docker/,
    ],
    ['is too old', { info: { ...ENGINE, ServerVersion: '1.13.1' } }, 'error', /1\.13\.1/, /update/],
    ['runs Windows containers', { info: { ...ENGINE, OSType: 'windows' } }, 'error', /windows/, /Linux/],
    ['is Podman', { info: { host: {}, version: {} } }, 'warning', /Podman/, /--format docker/],
    ['does not answer', { seconds: 9 }, 'warning', /in time/, /DOCKER_HOST/],
  ])('that %s is reported', async (_, docker, level, what, fix) => {
    const { of, report } = await doctor(tempDir(), [], path(docker));
    expect(of('docker')).toMatchObject({ level, what: expect.stringMatching(what), fix: expect.stringMatching(fix) });
    expect(report.exit).toBe(level === 'error' ? 2 : 0);
  });

  test('without its plugins is a warning', async () => {
    const { told, exitCode } = await doctor(tempDir(), [], path({ info: { ...ENGINE, ClientInfo: { Plugins: [] } } }));
    expect([told, exitCode]).toEqual([['warning buildx', 'warning compose'], 0]);
  });
});

describe('the base image', () => {
  test('that is missing is an error with the command that builds it', async () => {
    const root = await project();
    const { told, of } = await doctor(root, [], path({ images: {} }));
    expect(told).toEqual(['error base-image']);
    const folder = join(root, '../base-image');
    expect(of('base-image')?.fix).toBe(`makina-image base ${folder} && docker build -t ${BASE} ${folder}`);
  });

  test.each([
    ['has no label of ours', [], { [BASE]: {} }, 'is not what `makina-image base` builds'],
    ['will be pulled', ['--base-image', 'my/states:v2'], {}, 'docker build will pull it'],
    ['is older', ['--base-image', 'makina-image-base:0.1'], { 'makina-image-base:0.1': {} }, 'is not what'],
  ])('that %s is a warning', async (_, flags, images, what) => {
    const { told, of } = await doctor(await project(...flags), [], path({ images }));
    expect([told, of('base-image')?.what]).toEqual([['warning base-image'], expect.stringContaining(what)]);
  });
});

describe('the port', () => {
  test('of another program is an error', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { told, of } = await doctor(await project('--publish', String(port)));
    expect([told, of('port')?.fix]).toEqual([
      ['error port'],
      expect.stringMatching(/makina-image new \S+demo --publish/),
    ]);
  });

  test.each([
    ['demo:latest\tdemo-1', 'ok', 'container demo-1 has'],
    ['other\tother-1', 'error', 'the container other-1 has'],
  ])('of the container %j is %s', async (ps, level, what) => {
    const { of } = await doctor(await project(), [], path({ ps }));
    expect(of('port')).toMatchObject({ level, what: expect.stringContaining(what) });
  });
});

describe('the secrets of services', () => {
  test('are there after new, and what is wrong with one is found', async () => {
    const root = await project('--services', '{"db": {"kind": "redis"}}');
    const secret = join(root, '.secrets/db');
    const found = async () => (await doctor(root)).of('services');
    expect(await found()).toMatchObject({ level: 'ok', what: 'the secrets of the services are there' });
    chmodSync(secret, 0o644);
    expect(await found()).toMatchObject({
      level: 'warning',
      what: 'others can read this secret',
      fix: `chmod 600 ${secret}`,
    });
    truncateSync(secret);
    expect(await found()).toMatchObject({ level: 'error', what: 'it is not a file with a secret', where: secret });
    rmSync(secret);
    expect(await found()).toMatchObject({ level: 'warning', what: 'a secret of a service is not there' });
  });
  test('are looked for in projects with services alone', async () => {
    expect((await doctor(await project())).of('services')).toBeUndefined();
  });
});

type Break = (root: string) => void;
const put =
  (file: string, text: string): Break =>
  (root) =>
    writeFileSync(join(root, file), text);

/** What is done to a fresh project, and what doctor has to say of it. */
const BROKEN: [name: string, how: Break, told: string[], what: RegExp, fix: RegExp][] = [
  ['broken answers', put('.yo-rc.json', '{"generator-makina-image": '), ['error answers'], /not valid JSON/, /history/],
  [
    'answers that the model refuses',
    (root) =>
      edit(join(root, '.yo-rc.json'), (text) =>
        text.replace('"name": "demo"', '"name": "demo", "base_image": "N O", "packages": ["A b"]'),
      ),
    ['error answers', 'error answers'],
    /base_image must be a Docker image reference/,
    /correct it there/,
  ],
  ['no answers', (root) => rmSync(join(root, '.yo-rc.json')), ['error answers'], /missing/, /history/],
  ['a broken manifest', put('.makina-image/manifest.json', '{}'), ['error manifest'], /schema must be 1/, /history/],
  [
    'no manifest',
    (root) => rmSync(join(root, '.makina-image'), { recursive: true }),
    ['warning manifest'],
    /there is none/,
    /upgrade/,
  ],
  [
    'a newer generator',
    (root) => edit(join(root, '.makina-image/manifest.json'), (text) => text.replace(`"${version}"`, '"99.0.0"')),
    ['error generator', 'warning base-image'],
    /99\.0\.0 wrote this project/,
    /install .* 99\.0\.0/,
  ],
  [
    'conflict markers',
    (root) =>
      appendFileSync(join(root, 'README.md'), '<<<<<<< yours\na\n||||||| base\nb\n=======\nc\n>>>>>>> theirs\n'),
    ['error conflicts'],
    /conflict markers/,
    /edit the markers away/,
  ],
  [
    'a deleted Dockerfile',
    (root) => rmSync(join(root, 'project/Dockerfile')),
    ['warning deleted'],
    /Dockerfile/,
    /restore \S+project\/Dockerfile/,
  ],
  [
    'a launcher that nobody may run',
    (root) => chmodSync(join(root, 'project/launch.sh'), 0o644),
    ['error executable'],
    /not executable/,
    /chmod \+x/,
  ],
  [
    'line ends of Windows',
    (root) => edit(join(root, 'project/launch.sh'), (text) => text.replaceAll('\n', '\r\n')),
    ['error line-ends'],
    /1 file with/,
    /eol=lf.*sed/,
  ],
  [
    'a template with line ends of Windows',
    (root) => edit(join(root, 'pillar/init.sls'), (text) => text.replaceAll('\n', '\r\n')),
    ['warning line-ends'],
    /pillar\/init\.sls/,
    /sed/,
  ],
  [
    'a run that was cut short',
    (root) => mkdirSync(join(root, '.makina-image/tx')),
    ['warning leftovers'],
    /cut short/,
    /makina-image upgrade/,
  ],
  [
    'a lock of a dead run',
    (root) => {
      mkdirSync(join(root, '.makina-image/lock'));
      writeFileSync(join(root, '.makina-image/lock/1-1--00'), '');
    },
    ['warning leftovers'],
    /cut short/,
    /upgrade/,
  ],
  [
    'a change of its answers',
    (root) => edit(join(root, '.yo-rc.json'), (text) => text.replace('"demo"', '"demo", "description": "Other"')),
    ['warning sync'],
    /would change/,
    /upgrade/,
  ],
  [
    'an ignored folder',
    (root) => {
      execaSync('git', ['init', '--quiet'], { cwd: root });
      appendFileSync(join(root, '.gitignore'), '.makina-image/\n');
    },
    ['warning git'],
    /is ignored/,
    /git -C .* add \.makina-image/,
  ],
  [
    'a generated file that a folder above ignores',
    (root) => {
      execaSync('git', ['init', '--quiet'], { cwd: join(root, '..') });
      writeFileSync(join(root, '../.gitignore'), '*.sample\n');
    },
    ['warning git'],
    /^project\/\.salt\/PILLAR\.sample is ignored, and a fresh clone would lack it$/,
    /git -C .* add project\/\.salt\/PILLAR\.sample$/,
  ],
  [
    'a git that refuses',
    (root) => {
      execaSync('git', ['init', '--quiet'], { cwd: root });
      writeFileSync(join(root, '.git/config'), '[core');
    },
    ['warning git'],
    /git cannot tell what it has committed \(fatal: bad config/,
    /fix that/,
  ],
  [
    'a folder of pillars that is a link',
    (root) => {
      rmSync(join(root, 'pillar'), { recursive: true });
      symlinkSync('/', join(root, 'pillar'));
    },
    ['warning pillar'],
    /it is a link, and was not followed/,
    /replace it with what it leads to/,
  ],
  [
    'a pillar that is a link inside',
    (root) => symlinkSync('/etc', join(root, 'pillar/deep.sls')),
    ['warning pillar'],
    /it is a link/,
    /replace it/,
  ],
  [
    'a large pillar',
    put('pillar/large.sls', `# ${'x'.repeat(1 << 20)}\n`),
    ['warning pillar'],
    /larger than 1048576 bytes, and was not read/,
    /smaller/,
  ],
  [
    'a pillar that is no YAML',
    put('pillar/init.sls', 'makina-projects.demo:\n  data: {\n'),
    ['error pillar'],
    /./,
    /correct it there/,
  ],
  [
    'a key that appears twice',
    put('pillar/init.sls', 'a: 1\nb: 2\na: 3\n'),
    ['error pillar'],
    /a key appears twice/,
    /correct/,
  ],
  [
    'a pillar with a password',
    put('pillar/init.sls', 'makina-projects.demo: {data: {app: {database: {password: hunter2, token: example}}}}\n'),
    ['warning pillar'],
    /makina-projects\.demo\.data\.app\.database\.password looks like a secret, and git and the image keep it/,
    /override/,
  ],
  [
    'a pillar with a private key, as a template',
    put('pillar/init.sls', '{% if true %}{% endif %}\nx: |\n  -----BEGIN RSA PRIVATE KEY-----\n'),
    ['warning pillar'],
    /is a private key/,
    /env_from/,
  ],
  [
    'a template with a password on a line of its own',
    put(
      'pillar/init.sls',
      "{% if true %}{% endif %}\na:\n  api_token: 'ghp_16C7e42F'\n  password: {{ x }}\n  secret: sample\n",
    ),
    ['warning pillar'],
    /api_token looks like a secret/,
    /override/,
  ],
  ['a tab', put('pillar/init.sls', 'a:\n\tb: 1\n'), ['error pillar'], /[Tt]ab/, /correct/],
  ['a pillar that is a list', put('pillar/more.sls', '- a\n'), ['error pillar'], /not a mapping/, /correct/],
  [
    'a setting that is refused',
    put('pillar/init.sls', 'makina-projects.demo: {data: {programs: {web: {numprocesses: many}}}}\n'),
    ['error pillar'],
    /data\.programs\.web\.numprocesses must be a whole number/,
    /correct/,
  ],
  [
    'a key of another project',
    put('custom.sls', 'makina-projects.shop: {data: {}}\n'),
    ['warning pillar'],
    /shop/,
    /makina-projects\.demo/,
  ],
  [
    'an override that is no YAML',
    put('data/configuration/pillar.sls', 'a: [\n'),
    ['error override'],
    /not plain YAML/,
    /correct/,
  ],
  [
    'an unknown setting in the override',
    put('data/configuration/pillar.sls', 'makina-projects.demo: {data: {pograms: {}}}\n'),
    ['error override'],
    /data\.pograms is not a setting/,
    /correct/,
  ],
  [
    'code in the place of a link',
    put(
      'pillar/init.sls',
      'makina-projects.demo: {data: {symlinks: {/srv/projects/demo/project/app: {target: other}}}}\n',
    ),
    ['error links'],
    /the code has what symlinks\.\/srv\/projects\/demo\/project\/app is a link to/,
    /remove it there/,
  ],
  [
    'a link outside of the volumes in the override',
    put('data/configuration/pillar.sls', 'makina-projects.demo: {data: {symlinks: {/opt/x: {target: other}}}}\n'),
    ['error override'],
    /data\.symlinks\.\/opt\/x is not in a volume, so only a build can change it/,
    /change it in the answers/,
  ],
  [
    'an override that does not fit the answers',
    put(
      'data/configuration/pillar.sls',
      'makina-projects.demo: {data: {vhosts: {localhost: {locations: {/: {alias: /srv}}}}}}\n',
    ),
    ['warning override'],
    /data\.vhosts\.localhost\.locations\.\/ has proxy_pass and alias/,
    /correct it there/,
  ],
  [
    'a built-in pillar that does not fit them',
    put('pillar/init.sls', 'makina-projects.demo: {data: {programs: {other: {args: [a]}}}}\n'),
    ['warning pillar'],
    /data\.programs\.other\.cmd is required/,
    /correct it there/,
  ],
  [
    'a seed without its source',
    (root) => rmSync(join(root, 'project/app/welcome.txt')),
    ['error seeds'],
    /seeds\.welcome\.source is not there/,
    /add it/,
  ],
  [
    'an override that others can write to',
    (root) => {
      put('data/configuration/pillar.sls', '')(root);
      chmodSync(join(root, 'data/configuration/pillar.sls'), 0o666);
    },
    ['error override'],
    /users other than root/,
    /chmod go-w/,
  ],
  [
    'an override that is a link',
    (root) => symlinkSync('/etc/hostname', join(root, 'data/configuration/pillar.sls')),
    ['error override'],
    /not a regular file/,
    /replace it with one/,
  ],
  [
    'two overrides',
    (root) => {
      mkdirSync(join(root, 'data/application'));
      put('data/application/pillar.sls', '{}')(root);
      put('data/configuration/pillar.sls', '')(root);
    },
    ['error override'],
    /differ/,
    /keep the first/,
  ],
  [
    'an override of another name',
    put('data/configuration/pillar.yaml', ''),
    ['warning override'],
    /no start reads it/,
    /pillar\.sls/,
  ],
  [
    'a link in the volume',
    (root) => {
      rmSync(join(root, 'data/data'), { recursive: true });
      symlinkSync('/tmp', join(root, 'data/data'));
    },
    ['error volume', 'error seeds'],
    /a link .*78/,
    /put a folder there/,
  ],
  [
    'a record that is a folder',
    (root) => mkdirSync(join(root, 'data/.prepopulated')),
    ['error volume'],
    /regular file/,
    /move it away/,
  ],
  [
    'a record of two names',
    (root) => {
      put('data/.prepopulated', 'x\n')(root);
      linkSync(join(root, 'data/.prepopulated'), join(root, 'data/data/record'));
    },
    ['error volume'],
    /several names/,
    /move/,
  ],
  [
    'a record that is too large',
    (root) => {
      put('data/.prepopulated', '')(root);
      truncateSync(join(root, 'data/.prepopulated'), 1024 * 1024 + 1);
    },
    ['error volume'],
    /larger than 1 MiB/,
    /move/,
  ],
  [
    'what a killed start left',
    put('data/data/.prepopulate-0123', ''),
    ['warning volume'],
    /1 unfinished file/,
    /rm -r '/,
  ],
  [
    'a file in the place of the volume',
    (root) => {
      rmSync(join(root, 'data'), { recursive: true });
      put('data', '')(root);
    },
    ['error volume', 'error sync'],
    /not a folder/,
    /move it away/,
  ],
];

describe('in a project', () => {
  const dir = mkdtempSync(join(tmpdir(), 'makina-image-test-'));
  const fresh = join(dir, 'demo');
  beforeAll(async () => {
    await makinaImage(dir, ['new', 'demo', '--yes', '--publish', String(await freePort())]);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test.each(BROKEN)('%s is found', async (_, how, told, what, fix) => {
    const root = join(tempDir(), 'demo');
    cpSync(fresh, root, { recursive: true });
    how(root);
    // Not through the bin: there are many, and each start takes its time.
    const PATH = path({});
    vi.stubEnv('PATH', PATH);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { node } = process.versions;
    const request = { folder: root, volume: undefined, node, searchPath: PATH, nodePath: '' };
    const { findings, exit } = await examine(request);
    const bad = findings.filter(({ level }) => level !== 'ok');
    expect(bad.map(({ id, level }) => `${level} ${id}`).sort()).toEqual([...told].sort());
    const finding = bad.find(({ id }) => told[0]?.endsWith(` ${id}`));
    expect(finding).toMatchObject({ what: expect.stringMatching(what), fix: expect.stringMatching(fix) });
    expect(exit).toBe(told.some((each) => each.startsWith('error')) ? 2 : 0);
  });

  test('conflicts that an upgrade left are found, with or without markers in the file', async () => {
    const dir = tempDir();
    const newer = otherVersion(join(dir, 'newer'), `${minorVersion}.9`, {
      'project/README.md': (text) => text.replace('## Build', '## Build it'),
    });
    const root = await project();
    edit(join(root, 'README.md'), (text) => text.replace('## Build', '## My build'));
    await execa('node', [newer, 'upgrade', '--conflict=sidecar'], { cwd: root, reject: false });
    const env = { PATH: path({}) };
    const told = async () => {
      const { stdout } = await execa('node', [newer, 'doctor', '--json'], { cwd: root, reject: false, env });
      return JSON.parse(stdout).findings.find(({ id }: { id: string }) => id === 'conflicts');
    };
    expect(await told()).toMatchObject({
      level: 'warning',
      fix: expect.stringMatching(/makina-image resolve \S+README.md --merged/),
    });
    rmSync(join(root, 'README.md.makina-image-new'));
    edit(
      join(root, 'README.md'),
      (text) => `${text}<<<<<<< yours\n||||||| makina-image 0\n=======\n>>>>>>> makina-image 1\n`,
    );
    expect(await told()).toMatchObject({ level: 'error', where: join(root, 'README.md') });
  });

  test('an older one is to be upgraded', async () => {
    const root = await project();
    edit(join(root, '.makina-image/manifest.json'), (text) => text.replace(`"${version}"`, '"0.1.5"'));
    const { of } = await doctor(root);
    expect(of('generator')).toMatchObject({ level: 'warning', fix: expect.stringContaining('makina-image upgrade') });
  });

  test('a seed that was filled once needs no source', async () => {
    const root = await project();
    rmSync(join(root, 'project/app/welcome.txt'));
    put('data/.prepopulated', 'data/welcome.txt\n')(root);
    expect((await doctor(root)).report.findings.filter(({ id }) => id === 'seeds')).toEqual([]);
  });

  test('templates are left to Salt, and errors in other pillars have a line and a column', async () => {
    const root = await project('--override-jinja');
    put('custom.sls', '{% if grains %}\n{}\n{% endif %}\n')(root);
    put('data/configuration/pillar.sls', '{{ salt }}')(root);
    put('pillar/init.sls', 'a: 1\nb: "\n')(root);
    const { told, bad, report } = await doctor(root);
    expect(told).toEqual(['error pillar']);
    expect(bad[0]?.where).toMatch(/pillar\/init\.sls:\d+:\d+$/);
    expect(report.findings.filter(({ what }) => what.includes('only Salt')).map(({ id }) => id)).toEqual([
      'pillar',
      'override',
    ]);
  });

  test('POSIX ACLs are reported if getfacl is installed', async () => {
    const root = await project();
    const searchPath = path({});
    const script = `#!/bin/sh
for path; do :; done
printf '# file: %s\\n# owner: root\\n# group: root\\nuser::rwx\\nuser:www-data:rwx\\ngroup::r-x\\n' "$path"
`;
    writeFileSync(join(searchPath, 'getfacl'), script, { mode: 0o755 });
    const { told, of } = await doctor(root, [], searchPath);
    expect([told, of('volume')?.fix]).toEqual([
      ['warning volume'],
      `setfacl --remove-all '${join(root, 'data/configuration')}'`,
    ]);
  });

  test('another volume is looked at, and one that is not there yet is fine', async () => {
    const root = await project();
    const volume = join(root, '../volume');
    expect((await doctor(root, ['--volume', '../volume'])).of('volume')?.what).toContain('does not exist yet');
    symlinkSync('nowhere', volume);
    expect((await doctor(root, ['--volume=../volume'])).of('volume')?.what).toBe('it is a link to nothing');
    rmSync(volume);
    mkdirSync(join(volume, 'configuration'), { recursive: true });
    put('configuration/pillar.sls', '{')(volume);
    expect((await doctor(root, ['--volume', '../volume'])).told).toEqual(['error override']);
  });

  needs('mounts of its own (root)', isRoot && works('unshare', '-m', 'true'))(
    'a disk that is read-only is found',
    async () => {
      const root = await project();
      const script =
        'mount --bind -o ro data data && mount -o remount,bind,ro data; PATH=$1 exec node "$2" doctor --json';
      const { stdout } = await execa('unshare', ['-m', 'sh', '-c', script, 'sh', path({}), BIN], {
        cwd: root,
        reject: false,
      });
      expect(JSON.parse(stdout).findings).toContainEqual(
        expect.objectContaining({ id: 'volume', level: 'error', what: expect.stringContaining('read-only') }),
      );
    },
  );

  needs('root', isRoot)('a file that cannot be read is a finding, not a crash', async () => {
    const root = await project();
    chmodSync(join(root, '..'), 0o755);
    put('data/configuration/pillar.sls', '{')(root);
    chmodSync(join(root, 'data/configuration'), 0o700);
    chmodSync(join(root, 'project/app/server.py'), 0o600);
    const [command = '', ...args] = asUser(['node', BIN, 'doctor', '--json']);
    const env = { PATH: `${path({})}:/usr/bin:/bin` };
    const { stdout, stderr } = await execa(command, args, { cwd: root, reject: false, env });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'override', level: 'ok', what: expect.stringContaining('sudo') }),
        expect.objectContaining({ id: 'files', level: 'error', where: join(root, 'project/app/server.py') }),
      ]),
    );
  });
});

test.each([
  [['nowhere'], 'is not a folder'],
  [['.', '.'], 'doctor takes one folder'],
  [['--volume', 'x'], '--volume needs one'],
  [['--volume'], '--volume needs a value'],
  [['--jsno'], 'did you mean --json?'],
])('doctor %j is refused with 1 and a sentence', async (args, sentence) => {
  const { exitCode, stdout, stderr } = await makinaImage(tempDir(), ['doctor', ...args]);
  expect([exitCode, stdout, stderr]).toEqual([1, '', expect.stringContaining(sentence)]);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
