import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { FlagValues } from '../../generators/lib/answers/flags.ts';
import type { Intent } from '../../generators/lib/model/intent.ts';
import { newProject } from '../../generators/lib/verbs/new.ts';
import { flagsOf, KINDS } from '../../generators/lib/verbs/stanza/kinds.ts';
import { stanza } from '../../generators/lib/verbs/stanza/stanza.ts';
import { CASES, FOLDER, SEED, turnOver } from '../support/cases.ts';
import { makinaImage, tempDir } from '../support/run.ts';
import { contents, stamps, workTree } from '../support/snapshot.ts';

type Verb = keyof typeof KINDS;

/** A demo project, and the bin in its folder. */
async function demo(outer = tempDir()) {
  const root = join(outer, 'demo');
  await makinaImage(outer, ['new', 'demo', '--yes']);
  const run = async (verb: Verb, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await makinaImage(root, [verb, ...args]);
    return { exitCode, stdout: String(stdout), stderr: String(stderr) };
  };
  const list = async (verb: Verb) => JSON.parse((await run(verb, '--list', '--json')).stdout) as Intent[];
  const answers = () => JSON.parse(readFileSync(join(root, '.yo-rc.json'), 'utf8'))['generator-makina-image'].answers;
  return { root, run, list, answers };
}

describe('makina-image circus-program', () => {
  test('adds a program, and changes nothing but what is given', async () => {
    const { root, run, list } = await demo();
    const added = await run('circus-program', 'worker', '--cmd', 'celery -A app worker', '--env', 'QUEUE=mail');
    expect([added.exitCode, added.stdout]).toEqual([0, expect.stringContaining('program worker: added')]);
    expect(workTree(root)['project/.salt/PILLAR.sample']).toContain('celery -A app worker');
    const [, before] = await list('circus-program');
    const flags = [
      '--numprocesses',
      '2',
      '--env',
      'B=x=y',
      '--env',
      'C=',
      '--no-essential',
      '--args',
      '-l',
      '--args=-x',
    ];
    expect((await run('circus-program', 'worker', ...flags)).stdout).toContain('program worker: changed');
    const [, after] = await list('circus-program');
    const changed = { numprocesses: 2, env: { QUEUE: 'mail', B: 'x=y', C: '' }, essential: false, args: ['-l', '-x'] };
    expect(after).toEqual({ ...before, ...changed });
    expect(Object.keys(after ?? {})[0]).toBe('name');
    const unset = [
      '--unset',
      'env.B',
      '--unset',
      'env.C',
      '--unset',
      'essential',
      '--unset',
      'args',
      '--unset',
      'numprocesses',
    ];
    await run('circus-program', 'worker', ...unset);
    expect((await list('circus-program'))[1]).toEqual(before);
  });

  test('changes and removes what only the demo brings', async () => {
    const { run, list, answers } = await demo();
    await run('circus-program', 'web', '--numprocesses', '2', '--unset', 'env.PORT');
    expect(answers().programs).toEqual({ web: { env: { PORT: null }, numprocesses: 2 } });
    expect((await list('circus-program'))[0]).not.toHaveProperty('env.PORT');
    expect((await run('circus-program', '--remove', 'web')).stdout).toContain('program web: removed');
    expect(await list('circus-program')).toEqual([]);
    expect((await run('circus-program', '--list')).stdout).toBe('There is no program.');
    expect((await run('circus-program', '--help')).stdout).toMatch(/--env KEY=VALUE \.\.\.[\s\S]*--\[no-\]essential/);
    await run('circus-program', 'web', '--cmd', 'mine');
    expect((await list('circus-program'))[0]).toMatchObject({ name: 'web', cmd: 'mine', env: {} });
  });

  test('serves it at a location, and removes that with it', async () => {
    const { root, run, answers } = await demo();
    const before = contents(root);
    const added = await run('circus-program', 'api', '--cmd', 'x', '--port', '8001', '--location', '/api');
    expect(added.stdout).toContain('program api: added, with upstream api, location /api of localhost');
    expect(answers()).toMatchObject({
      upstreams: { api: { program: 'api' } },
      vhosts: { localhost: { locations: { '/api': { proxy_pass: 'http://api' } } } },
    });
    const other = await run('circus-program', 'web', '--port', '1', '--location', '/api');
    expect([other.exitCode, other.stderr]).toEqual([
      2,
      expect.stringContaining('location /api of localhost already exists'),
    ]);
    await run('nginx-location', '/more', '--proxy-pass', 'http://api/v2');
    const removed = await run('circus-program', '--remove', 'api');
    expect(removed.stdout).toContain('removed, with upstream api, location /api of localhost, location /more of local');
    expect(contents(root)).toEqual(before);
  });

  test('works from any folder of a project, and nowhere else', async () => {
    const { root } = await demo();
    mkdirSync(join(root, 'project/app/deep'));
    expect((await makinaImage(join(root, 'project/app/deep'), ['nginx-vhost', 'x.org'])).exitCode).toBe(0);
    const { exitCode, stderr } = await makinaImage(tempDir(), ['nginx-vhost', 'x.org']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/is not in a project.*makina-image new$/)]);
    await makinaImage(root, ['base', 'base-image']);
    const inBase = await makinaImage(join(root, 'base-image/certs'), ['nginx-vhost', '--list']);
    expect([inBase.exitCode, inBase.stderr]).toEqual([1, expect.stringContaining('base-image has no .yo-rc.json')]);
  });

  test('a dry run writes nothing and shows what would be written', async () => {
    const { root, run } = await demo();
    const stamp = stamps(root);
    const { exitCode, stdout } = await run('circus-program', 'a', '--cmd', 'x', '--dry-run');
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('diff --git a/project/.salt/PILLAR.sample')]);
    expect(stamps(root)).toEqual(stamp);
  });

  test('stops with 3 at an edit of the same lines, and goes on as --conflict says', async () => {
    const { root, run } = await demo();
    const pillar = join(root, 'project/.salt/PILLAR.sample');
    writeFileSync(pillar, readFileSync(pillar, 'utf8').replace('python3 app/server.py', 'mine'));
    const before = contents(root);
    const { exitCode, stderr } = await run('circus-program', 'web', '--cmd', 'other');
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('  project/.salt/PILLAR.sample')]);
    expect(contents(root)).toEqual(before);
    expect((await run('circus-program', 'web', '--cmd', 'other', '--conflict=theirs')).exitCode).toBe(0);
    expect(readFileSync(pillar, 'utf8')).toContain('"other"');
  });
});

describe('makina-image service', () => {
  test('adds, changes and removes a database, and leaves its secret alone', async () => {
    const { root, run, list, answers } = await demo();
    const added = await run('service', 'db', '--kind', 'postgresql', '--programs', 'web');
    expect([added.exitCode, added.stdout]).toEqual([0, expect.stringContaining('service db: added')]);
    expect(added.stdout).toContain('New secrets, which git ignores: .secrets/db');
    const secret = readFileSync(join(root, '.secrets/db'), 'utf8');
    expect(JSON.stringify(workTree(root))).toContain('PGPASSWORD');
    for (const [path, text] of Object.entries(workTree(root)))
      if (path !== '.secrets/db') expect(String(text), path).not.toContain(secret.trim());
    const changed = await run('service', 'db', '--image', 'postgres:16', '--unset', 'programs');
    expect(changed.stdout).not.toContain('New secrets');
    expect(await list('service')).toEqual([{ name: 'db', kind: 'postgresql', image: 'postgres:16' }]);
    expect((await run('service', 'db', '--database', 'x', '--dry-run')).exitCode).toBe(0);
    expect((await run('service', '--remove', 'db')).stdout).toContain('service db: removed');
    expect(answers().services).toBeUndefined();
    expect(readFileSync(join(root, '.secrets/db'), 'utf8')).toBe(secret);
    expect(readFileSync(join(root, '.secrets/.gitignore'), 'utf8')).toBe('*\n');
    expect((await run('service', 'x', '--kind', 'redis', '--dry-run')).exitCode).toBe(0);
    expect(existsSync(join(root, '.secrets/x'))).toBe(false);
  });
  test('writes nothing where a secret cannot be drawn', async () => {
    const { root, run } = await demo();
    symlinkSync(tempDir(), join(root, '.secrets'));
    const stamp = stamps(root);
    const { exitCode, stderr } = await run('service', 'db', '--kind', 'redis');
    expect([exitCode, stderr]).toEqual([
      1,
      'makina-image: .secrets is there, but not a folder, which a service needs; move it away, and run this again',
    ]);
    expect(stamps(root)).toEqual(stamp);
  });
});

describe('makina-image nginx-vhost and nginx-location', () => {
  test('add, list, change and remove', async () => {
    const { root, run, list } = await demo();
    const before = contents(root);
    await run('nginx-vhost', 'shop.example', '--aliases', 'www.shop.example', '--listen', '8080');
    await run('nginx-location', 'shop.example', '/', '--proxy-pass', 'http://127.0.0.1:8001');
    expect(await list('nginx-vhost')).toMatchObject([
      { name: 'localhost' },
      { name: 'shop.example', aliases: ['www.shop.example'], listen: 8080 },
    ]);
    expect(await list('nginx-location')).toMatchObject([
      { vhost: 'localhost', name: '/' },
      { vhost: 'shop.example', name: '/', proxy_pass: 'http://127.0.0.1:8001' },
    ]);
    await run('nginx-location', 'shop.example', '/', '--alias', '/srv/x', '--unset', 'proxy-pass');
    expect((await list('nginx-location'))[1]).toEqual({ vhost: 'shop.example', name: '/', alias: '/srv/x' });
    expect((await run('nginx-location', '/x', '--alias', '/srv/x')).stderr).toContain('which vhost?');
    expect((await run('nginx-location', 'shop.example', '--remove', '/')).exitCode).toBe(0);
    await run('nginx-vhost', '--remove', 'shop.example');
    expect(contents(root)).toEqual(before);
  });
});

const refusing = mkdtempSync(join(FOLDER, 'makina-image-stanza-'));
afterAll(() => rmSync(refusing, { recursive: true, force: true }));
let once: ReturnType<typeof demo> | undefined;
/** One project for all that is refused. */
function demoOnce() {
  once ??= demo(refusing);
  return once;
}

test.each<[Verb, string[], string]>([
  ['circus-program', [], 'circus-program takes one name: makina-image circus-program NAME'],
  ['circus-program', ['a', 'b'], 'takes one name'],
  ['circus-program', ['wev', '--unset', 'env'], 'there is no program wev (did you mean web?)'],
  ['circus-program', ['--remove', 'constructor'], 'there is no program constructor'],
  ['circus-program', ['a'], 'programs.a.cmd is required; set it with --cmd'],
  ['circus-program', ['web', '--numprocesses', 'two'], '0 to 1024; set it with --numprocesses'],
  ['circus-program', ['web', '--env', 'PORT'], '--env takes KEY=VALUE'],
  ['circus-program', ['web', '--env', '{'], '--env is not valid JSON'],
  ['circus-program', ['web', '--env', '__proto__=x'], 'is not a possible key'],
  ['circus-program', ['web', '--cmd', 'a', '--cmd', 'b'], '--cmd was given 2 times'],
  ['circus-program', ['web', '--unset', 'stopsignal'], 'no field stopsignal (did you mean stop_signal?)'],
  ['circus-program', ['web', '--unset', 'env.PROT'], 'has no PROT (did you mean PORT?)'],
  ['circus-program', ['web', '--unset', 'cmd'], 'programs.web.cmd is required'],
  ['circus-program', ['nginx', '--cmd', 'x'], 'run already; choose another name'],
  ['circus-program', ['web', '--location', '/x'], 'has none; give it --port'],
  ['circus-program', ['web', '--port', '1', '--location', '/x', '--vhost', 'x.org'], 'there is no vhost x.org'],
  ['circus-program', ['web', '--vhost', 'localhost'], '--vhost goes with --location'],
  ['circus-program', ['--remove', 'web', '--cmd', 'x'], '--remove and --cmd do not go together'],
  ['circus-program', ['--list', 'web'], '--list takes no name'],
  ['circus-program', ['web', '--json'], '--json goes with --list'],
  ['circus-program', ['web', '--stop-signl', 'INT'], 'did you mean --stop-signal?'],
  ['nginx-vhost', ['a b'], 'must be a host name; choose another name'],
  ['nginx-location', ['x'], 'takes one path, such as /media/, after at most one vhost'],
  ['nginx-location', ['localhots', '/x'], 'did you mean localhost?'],
  ['nginx-location', ['/x'], 'says nothing; give it proxy_pass'],
  ['service', ['x'], 'must have a kind (postgresql, mariadb, redis, memcached), an image or a build'],
  ['service', ['demo', '--kind', 'redis'], 'has the name of the service that runs the image itself'],
])('%s %j is refused in one sentence with 2', async (verb, args, sentence) => {
  const { root, run } = await demoOnce();
  const stamp = stamps(root);
  const { exitCode, stderr } = await run(verb, ...args);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  expect(stderr).not.toContain('    at ');
  expect(stamps(root)).toEqual(stamp);
});

test('no flag of a verb is there twice', () => {
  for (const kind of Object.values(KINDS)) {
    const flags = [...flagsOf(kind).map(({ flag }) => flag), 'conflict', 'help'];
    expect(flags).toEqual([...new Set(flags)]);
  }
});

/** One command that adds an entry, and the one that takes it away. */
interface Addition {
  verb: Verb;
  words: string[];
  flags: FlagValues;
  remove: string;
}
const name = fc.oneof(fc.stringMatching(/^[a-z]{2,8}$/), fc.constant('constructor'));
const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
const program = fc
  .record({ name: name.filter((word) => word !== 'web'), env: text, args: fc.array(text), served: fc.boolean() })
  .map(({ name, env, args, served }): Addition => {
    const location = served ? { port: ['8001'], location: [`/${name}`], vhost: ['x.example'] } : {};
    const flags = { cmd: ['run'], env: [`A=${env}`], args: [JSON.stringify(args)], ...location };
    return { verb: 'circus-program', words: [name], flags, remove: name };
  });
const vhost = name.map((word): Addition => {
  const domain = `${word}.example`;
  return { verb: 'nginx-vhost', words: [domain], flags: { listen: ['81'] }, remove: domain };
});
const location = name.map((word): Addition => {
  const path = `/at/${word}`;
  return { verb: 'nginx-location', words: ['x.example'], flags: { alias: ['/srv/x'] }, remove: path };
});
const service = name.map((word): Addition => {
  const beside = `${word}-x`;
  return { verb: 'service', words: [beside], flags: { image: ['x'] }, remove: beside };
});
const additions = fc
  .uniqueArray(fc.oneof(program, vhost, location, service), {
    minLength: 1,
    maxLength: 4,
    selector: ({ verb, remove }) => `${verb} ${remove}`,
  })
  // Two programs with one port are refused.
  .map((list) =>
    list.map((addition, index) =>
      addition.flags.port ? { ...addition, flags: { ...addition.flags, port: [String(8001 + index)] } } : addition,
    ),
  );
/** Projects to start from; each has the vhost x.example. */
const start = fc.constantFrom<Intent>(
  {},
  { demo: false },
  { programs: null },
  { programs: { web: { numprocesses: 2 } }, vhosts: { localhost: null } },
);

async function run(cwd: string, verb: Verb, words: string[], flags: FlagValues) {
  const result = stanza(KINDS[verb], { cwd, words, flags, conflict: 'abort' });
  await turnOver();
  return result;
}
const add = (root: string, { verb, words, flags, remove }: Addition) =>
  run(root, verb, verb === 'nginx-location' ? [...words, remove] : words, flags);
const takeAway = (root: string, { verb, words, remove }: Addition) =>
  run(root, verb, verb === 'nginx-location' ? words : [], { remove: [remove] });

async function inProjects(names: string[], intent: Intent, act: (...roots: string[]) => Promise<void>): Promise<void> {
  const outer = mkdtempSync(join(FOLDER, 'makina-image-stanza-'));
  try {
    const roots = names.map((folder) => join(outer, folder));
    const vhosts = { ...(intent.vhosts as Intent), 'x.example': {} };
    for (const destination of roots) {
      const flags = { name: 'demo', ...intent, vhosts };
      await newProject({ cwd: outer, destination, flags, answers: {}, conflict: 'abort' });
      await turnOver();
    }
    await act(...roots);
  } finally {
    rmSync(outer, { recursive: true, force: true });
  }
}
const settings = { numRuns: Math.ceil(CASES / 4), seed: SEED, endOnFailure: process.env.SHRINK === undefined };

test('what is added and removed leaves no trace, no order matters, and edits stay', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(start, additions, fc.infiniteStream(fc.nat()), async (intent, additions, random) => {
      await inProjects(['root', 'other', 'mine'], intent, async (root = '', other = '', mine = '') => {
        const edited = ['project/.salt/PILLAR.sample', 'README.md', 'project/Dockerfile'];
        for (const path of edited) writeFileSync(join(mine, path), `# mine\n${readFileSync(join(mine, path), 'utf8')}`);
        const [before, own] = [contents(root), contents(mine)];
        const shuffled = additions
          .map((addition) => ({ addition, rank: random.next().value as number }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ addition }) => addition);
        for (const addition of additions) for (const project of [root, mine]) await add(project, addition);
        for (const addition of shuffled) await add(other, addition);
        expect(contents(other)).toEqual(contents(root));
        const withEdits = Object.entries(workTree(root)).map(([path, content]) => [
          path,
          edited.includes(path) ? content.replace(/^(..)/, '$1# mine\n') : content,
        ]);
        expect(workTree(mine)).toEqual(Object.fromEntries(withEdits));
        for (const addition of shuffled) for (const project of [root, mine]) await takeAway(project, addition);
        expect(contents(root)).toEqual(before);
        expect(contents(mine)).toEqual(own);
      });
    }),
    settings,
  );
});

/** A field of a program, a value for it as typed and as it comes out, and what takes it back. */
const change = fc.oneof(
  fc
    .nat({ max: 100 })
    .map((n) => ({ flags: { numprocesses: [`${n}`] }, after: { numprocesses: n }, unset: 'numprocesses' })),
  fc.boolean().map((on) => ({ flags: { essential: [on] }, after: { essential: on }, unset: 'essential' })),
  text.map((value) => ({ flags: { env: [`NEW=${value}`] }, after: { env: { NEW: value } }, unset: 'env.NEW' })),
  fc
    .array(text, { minLength: 1 })
    .map((args) => ({ flags: { args: [JSON.stringify(args)] }, after: { args }, unset: 'args' })),
  fc.constantFrom('INT', 'KILL').map((stop_signal) => ({
    flags: { 'stop-signal': [stop_signal] },
    after: { stop_signal },
    unset: 'stop-signal',
  })),
);

test('a change touches what is given and nothing else, and --unset takes it back', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(change, async ({ flags, after, unset }) => {
      await inProjects(['root'], {}, async (root = '') => {
        const web = async () => {
          const { list } = await run(root, 'circus-program', [], { list: [true], json: [true] });
          return (JSON.parse(list as string) as Intent[]).find((row) => row.name === 'web') as Intent;
        };
        const [before, tree] = [await web(), contents(root)];
        await run(root, 'circus-program', ['web'], flags);
        const env = { ...(before.env as Intent), ...('env' in after ? after.env : {}) };
        expect(await web()).toEqual({ ...before, ...after, env });
        await run(root, 'circus-program', ['web'], { unset: [unset] });
        expect(contents(root)).toEqual(tree);
      });
    }),
    settings,
  );
});
