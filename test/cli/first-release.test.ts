import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { complete, type Intent, merge } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { type Report, reportOf } from '../../generators/lib/output/report.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { render } from '../../generators/lib/render/render.ts';
import { upgrade } from '../../generators/lib/verbs/upgrade.ts';
import { SEED } from '../support/cases.ts';
import { change, git, project, repository, run, text, work } from '../support/projects.ts';
import { BIN, tempDir } from '../support/run.ts';

const CASES = Number(process.env.PAST_CASES ?? 3);
/** Milliseconds; each case starts the bin of a release. */
const TIMEOUT = 60_000 + CASES * 5_000;

beforeAll(() => {
  for (const release of ['0.1.0', '0.2.0']) {
    const folder = join(work, release);
    const tarball = join(packageRoot, `test/fixtures/generator-makina-image-${release}.tgz`);
    execFileSync('mkdir', [folder]);
    execFileSync('tar', ['-xzf', tarball, '-C', folder]);
    symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'package/node_modules'));
  }
});

/** A project `shop` of a release, made by that release. */
function projectOf(release: string, answers: Intent = {}): string {
  const parent = tempDir();
  writeFileSync(join(parent, 'answers.json'), JSON.stringify({ ...answers, name: 'shop' }));
  const bin = join(work, release, 'package/dist/makina-image.cjs');
  const words = [bin, 'new', '--yes', '--destination', 'shop', '--answers', 'answers.json'];
  execFileSync(process.execPath, words, { cwd: parent, stdio: ['ignore', 'ignore', 'pipe'] });
  return join(parent, 'shop');
}

interface Stored {
  'generator-makina-image': { answers: Intent };
}

/** Changes the stored answers by hand. */
function setAnswers(root: string, how: (answers: Intent) => Intent): Intent {
  const stored = JSON.parse(text(root, '.yo-rc.json')) as Stored;
  const ours = stored['generator-makina-image'];
  ours.answers = how(ours.answers);
  writeFileSync(join(root, '.yo-rc.json'), JSON.stringify(stored));
  return ours.answers;
}

/** The files that are kept up to date, as this version writes them from some answers. */
function fresh(answers: Intent): [path: string, text: string][] {
  const { files } = render(complete(answers).image as Image);
  return [...files]
    .filter(([, { policy }]) => policy === 'shared')
    .map(([path, { bytes }]) => [path, bytes.toString()]);
}

/** The files that are not what this version writes. */
const others = (root: string, answers: Intent) =>
  fresh(answers).flatMap(([path, wanted]) =>
    existsSync(join(root, path)) && text(root, path) === wanted ? [] : [path],
  );

const conflicts = ({ files }: Report) =>
  files.filter(({ action }) => action === 'conflict').map(({ path, reason }) => `${path} ${reason}`);

const OPTIONS = { allowDirty: true, allowDowngrade: false } as const;
const upgraded = (root: string, conflict: 'abort' | 'markers' = 'markers') =>
  reportOf(upgrade(root, { ...OPTIONS, conflict }));

const word = fc.constantFrom('a', 'It works', 'x: "y" # {z}', 'é \\ $HOME', '{{ cfg }}', '07', 'yes');
const key = fc.constantFrom('a', 'bb', 'y', 'c-1');
const program = fc.record(
  { cmd: fc.constantFrom('sleep 9', `sh -c 'exec "$0"'`), args: fc.array(word), graceful_timeout: fc.nat(60) },
  { requiredKeys: ['cmd'] },
);
const location = fc.constantFrom({ proxy_pass: 'http://127.0.0.1:9000' }, { alias: '/srv/www' });
const vhost = fc.record({ listen: fc.constantFrom(80, 81, 8080), locations: fc.record({ '/': location }) });
const seed = fc.record({
  source: fc.constant('app'),
  target: fc.constantFrom('data/a', 'data/b'),
  mode: fc.constantFrom('0640', '0644'),
});
/** Answers that both the first release and this one take. */
const answers: fc.Arbitrary<Intent> = fc.record(
  {
    description: word.filter((text) => !text.includes('{{')),
    base_image: fc.constantFrom('debian:12', 'example.invalid/base:1'),
    demo: fc.boolean(),
    publish: fc.constantFrom(8080, 9000, 80),
    packages: fc.uniqueArray(fc.constantFrom('vim', 'curl', 'git')),
    volumes: fc.uniqueArray(fc.constantFrom('/var/cache/shop', '/opt/data')),
    programs: fc.dictionary(key, program, { maxKeys: 2 }),
    vhosts: fc.dictionary(fc.constantFrom('a.invalid', '*.b.invalid'), vhost, { maxKeys: 2 }),
    seeds: fc.dictionary(key, seed, { maxKeys: 2 }),
    app: fc.dictionary(key, fc.oneof(word, fc.integer(), fc.boolean(), fc.array(word)), { maxKeys: 2 }),
  },
  { requiredKeys: [] },
);
/** What the first release did not know. */
const news = fc.record(
  {
    crons: fc.constant({ c: { cmd: 'true', schedule: '0 3 * * *' } }),
    environment: fc.constant({ A: 'b' }),
    labels: fc.constant({ 'a.b': 'c' }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Intent>;

describe.each(['0.1.0', '0.2.0'])('a project of %s', (release) => {
  test(
    'of any answers that someone changed manually becomes what this version writes of them',
    () => {
      fc.assert(
        fc.property(
          answers,
          answers,
          news,
          fc.boolean(),
          fc.uniqueArray(fc.nat(20), { maxLength: 3 }),
          fc.constantFrom('never', 'at first', 'changed', 'edited'),
          (old, now, added, isWhole, edited, committed) => {
            const root = projectOf(release, old);
            const commit = (when: string) => {
              if (when !== committed) return;
              const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.invalid'];
              for (const args of [
                ['init', '--quiet'],
                ['add', '--all'],
                ['commit', '--quiet', '--message', 'all'],
              ])
                execFileSync('git', [...identity, ...args], { cwd: root, stdio: 'ignore' });
            };
            commit('at first');
            const today = setAnswers(root, (answers) => {
              const next = merge(isWhole ? { name: 'shop' } : answers, merge(now, added));
              return complete(next).image ? next : answers;
            });
            commit('changed');
            const kept = fresh(today)
              .map(([path]) => path)
              .filter((path) => existsSync(join(root, path)));
            const paths = edited.flatMap((index) => kept[index] ?? []);
            for (const path of paths) change(root, path, (before) => before.replace('\n', `\n# mine\n`));
            commit('edited');
            const report = upgraded(root);
            expect(conflicts(report).filter((line) => line.includes('both-added'))).toEqual([]);
            expect(conflicts(report).filter((line) => !paths.some((path) => line.startsWith(path)))).toEqual([]);
            expect(others(root, today).filter((path) => !paths.includes(path))).toEqual([]);
            for (const path of paths)
              expect([path, text(root, path)]).toEqual([path, expect.stringContaining('# mine')]);
            rmSync(root, { recursive: true });
          },
        ),
        { numRuns: CASES, seed: SEED },
      );
    },
    TIMEOUT,
  );
});

const PILLAR = 'project/.salt/PILLAR.sample';

describe('a project of 0.1.0', () => {
  test('takes answers that 0.1.0 did not know', async () => {
    const root = projectOf('0.1.0');
    const crons = { c: { cmd: 'true', schedule: '0 3 * * *' } };
    const today = setAnswers(root, (answers) => ({ ...answers, crons, seeds: { s: { target: 'data/s' } } }));
    expect((await run(BIN, root, ['circus-program', 'w', '--cmd', 'sleep 9'])).stderr).toBe('');
    expect(others(root, { ...today, programs: { w: { cmd: 'sleep 9' } } })).toEqual([]);
  });

  test('keeps a port that its owner changed in compose.yaml, whatever README says', () => {
    for (const readme of [(text: string) => text, () => 'mine\n']) {
      const root = projectOf('0.1.0');
      change(root, 'README.md', readme);
      change(root, 'compose.yaml', (compose) => compose.replace('8080:80', '9000:80'));
      expect(conflicts(upgraded(root)).filter((line) => line.startsWith('compose'))).toEqual([]);
      expect(text(root, 'compose.yaml')).toContain('9000:80');
    }
  });

  test('has a conflict if nothing shows what it was rendered from', () => {
    const root = projectOf('0.1.0', { publish: 9000 });
    setAnswers(root, (answers) => ({ ...answers, publish: 9001 }));
    change(root, 'README.md', () => 'mine\n');
    expect(conflicts(upgraded(root, 'abort'))).toEqual(['README.md content', 'compose.yaml both-added']);
  });

  test('keeps an edit of the pillar that git knows, and a copy where it may be one', async () => {
    const edit = (root: string) => change(root, PILLAR, (pillar) => pillar.replace('It works', 'Mine'));
    const known = await repository(projectOf('0.1.0'));
    edit(known);
    await git(known, 'commit', '--quiet', '--all', '--message', 'mine');
    setAnswers(known, (answers) => ({ ...answers, publish: 9000 }));
    expect(conflicts(upgraded(known))).toEqual([]);
    expect([text(known, PILLAR), text(known, 'compose.yaml')]).toEqual([
      expect.stringContaining('Mine'),
      expect.stringContaining('9000:80'),
    ]);

    const unknown = projectOf('0.1.0');
    edit(unknown);
    upgraded(unknown);
    const copies = readdirSync(join(unknown, '.makina-image/backup')).map((name) =>
      text(unknown, `.makina-image/backup/${name}`),
    );
    expect(copies).toEqual([expect.stringContaining('Mine')]);
  });

  test('finds older answers in git where its files are edited', async () => {
    const root = await repository(projectOf('0.1.0', { publish: 9000 }));
    for (const path of ['README.md', 'compose.yaml'])
      change(root, path, (before) => before.replaceAll('9000', '9000 '));
    setAnswers(root, (answers) => ({ ...answers, publish: 9001 }));
    await git(root, 'commit', '--quiet', '--all', '--message', 'mine');
    const { files } = upgraded(root, 'abort');
    expect(files.filter(({ reason }) => reason === 'both-added')).toEqual([]);
    expect(files.find(({ path }) => path === 'compose.yaml')?.conflicts?.[0]?.base.join()).toContain('9000:80');
  });
});

/** Edits of what the answers say, in files that hold it. */
const EDITS: [path: string, pattern: RegExp, edit: string][] = [
  ['compose.yaml', /"[0-9]+:80"/, '"9999:80"'],
  ['README.md', /(?<=-p )[0-9]+(?=:80)/, '9998'],
  ['project/Dockerfile', /(?<=BASE_IMAGE=).*/, 'edited.invalid/base'],
  ['project/Dockerfile', /(?<=description=").*(?=")/, 'Edited in Dockerfile'],
  [PILLAR, /(?<=greeting: ").*(?=")/, 'Edited in the pillar'],
  [PILLAR, /(?<=packages: )\[\]/, '[\n      "edited-package"]'],
  ['project/launch.sh', /$/, '# Edited in launch.sh\n'],
];

test(
  'an edit of what the answers say is kept, in the file or in a copy',
  () => {
    fc.assert(
      fc.property(answers, answers, fc.subarray(EDITS), fc.boolean(), (old, now, edits, isDropped) => {
        const root = projectOf('0.1.0', old);
        const made = edits.filter(([path, pattern]) => pattern.test(text(root, path)));
        for (const [path, pattern, edit] of made) change(root, path, (before) => before.replace(pattern, () => edit));
        setAnswers(root, (answers) => {
          const next = merge(isDropped ? { name: 'shop' } : answers, now);
          return complete(next).image ? next : answers;
        });
        upgraded(root);
        const backup = join(root, '.makina-image/backup');
        const copies = existsSync(backup) ? readdirSync(backup).map((name) => text(backup, name)) : [];
        const kept = [...new Set(made.map(([path]) => path)).values()]
          .map((path) => text(root, path))
          .concat(copies)
          .join();
        expect(made.filter(([, , edit]) => !kept.includes(edit)).map(([path, , edit]) => [path, edit])).toEqual([]);
        rmSync(root, { recursive: true });
      }),
      { numRuns: CASES, seed: SEED },
    );
  },
  TIMEOUT,
);

test.each<[string, string, string]>([
  ['a pillar without end', PILLAR, `a: ${'['.repeat(5000)}`],
  ['a deep pillar', PILLAR, `makina-projects.shop: {data: {app: {a: ${'['.repeat(3000)}${']'.repeat(3000)}}}}\n`],
  ['a pillar of aliases', PILLAR, `a: &a [x]\n${'b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n'.repeat(99)}`],
  ['a README of many lines', 'README.md', '# shop\n\nx\n'.repeat(100_000)],
  [
    'a key of JavaScript',
    PILLAR,
    'makina-projects.shop: {data: {__proto__: {a: 1}, seeds: 1, programs: x, volumes: {}}}\n',
  ],
])('a project of 0.1.0 with %s is reported, in time', (_, path, content) => {
  const root = projectOf('0.1.0');
  setAnswers(root, (answers) => ({ ...answers, publish: 9000 }));
  change(root, path, () => content);
  const begin = Date.now();
  expect(conflicts(upgraded(root, 'abort'))).toEqual([expect.stringContaining(path)]);
  expect(Date.now() - begin).toBeLessThan(5000);
});

test('a project of this version that lost its manifest is not taken for one of 0.1.0', async () => {
  const root = project();
  rmSync(join(root, '.makina-image'), { recursive: true });
  change(root, 'README.md', (readme) => `${readme}mine\n`);
  const { report } = await run(BIN, root, ['check', '--json']);
  expect([report.from, conflicts(report)]).toEqual([null, ['README.md both-added']]);
});
