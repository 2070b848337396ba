import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../../generators/lib/errors.ts';
import { CONFLICT_MODES } from '../../generators/lib/plan/types.ts';
import { newProject } from '../../generators/lib/verbs/new.ts';
import { check, upgrade } from '../../generators/lib/verbs/upgrade.ts';
import { CASES, FOLDER, SEED, turnOver } from '../support/cases.ts';
import { makinaImage } from '../support/run.ts';
import { contents, stamps } from '../support/snapshot.ts';

const VICTIM = 'victim\n';
const sha256 = createHash('sha256').update(VICTIM).digest('hex');
const work = mkdtempSync(join(FOLDER, 'makina-image-hostile-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
beforeAll(async () => {
  const root = join(work, 'template/project');
  await newProject({ cwd: work, destination: root, flags: { name: 'demo' }, answers: {}, conflict: 'abort' });
  for (const path of ['../outside', '.git', 'data/data', 'project/.git', '../outside/base', '.makina-image/backup'])
    mkdirSync(join(root, path), { recursive: true });
  for (const path of [
    '../outside/victim',
    '.git/config',
    'data/data/keep',
    'project/.git/config',
    `../outside/base/${sha256}`,
  ])
    writeFileSync(join(root, path), VICTIM);
  symlinkSync('../outside', join(root, 'link'));
  symlinkSync('../outside/victim', join(root, 'linked'));
});

const PATHS = [
  ...[
    '../outside/victim',
    'project/../../outside/victim',
    '/etc/hostname',
    '.git/config',
    '.GIT/config',
    'project/.git/config',
  ],
  ...[
    'data/data/keep',
    'Data/data/keep',
    'data',
    './README.md',
    'project//launch.sh',
    '',
    '.',
    '..',
    'link/victim',
    'linked',
  ],
  ...[
    '.makina-image/manifest.json',
    '.makina-image/lock',
    'a\0b',
    'a\\b',
    '__proto__',
    'constructor',
    'e\u0301',
    '~',
    '-rf',
  ],
  ...['README.md', 'README.md/below', 'custom.sls', '.yo-rc.json', 'project', 'x'.repeat(5000)],
];
const LINKED = [
  '.makina-image',
  '.makina-image/base',
  '.makina-image/backup',
  '.makina-image/manifest.json',
  'project',
  'pillar',
];

type Manifest = Record<string, unknown> & { files: Record<string, unknown> };
const path = fc.constantFrom(...PATHS);
const entry = fc.constantFrom<unknown>(
  { sha256, executable: false },
  { sha256: '0'.repeat(64), executable: true },
  { sha256: '../../outside/victim', executable: false },
  { sha256, executable: false, extra: 1 },
  null,
  'text',
);
const json = fc.jsonValue({ maxDepth: 2 });
const spoiled: fc.Arbitrary<(manifest: Manifest) => void> = fc.oneof(
  fc.tuple(path, entry).map(([path, entry]) => ({ files }: Manifest) => {
    if (typeof files !== 'object' || files === null) return;
    Object.defineProperty(files, path, { value: entry, enumerable: true, configurable: true });
  }),
  fc.tuple(fc.constantFrom('seeds', 'adopted'), path).map(([key, path]) => (manifest: Manifest) => {
    manifest[key] = [path];
  }),
  fc.tuple(path, fc.constantFrom('markers', 'sidecar', 'other')).map(([path, kind]) => (manifest: Manifest) => {
    manifest.conflicts = { [path]: { kind, theirs: sha256 } };
  }),
  fc
    .tuple(fc.constantFrom('schema', 'kind', 'generator', 'files', 'seeds', 'adopted', 'conflicts', 'unknown'), json)
    .map(([key, value]) => (manifest: Manifest) => {
      Object.assign(manifest, { [key]: value });
    }),
);
const text = fc.constantFrom(
  '',
  '{',
  'null',
  '[]',
  '\u0000',
  '\uFEFF{}',
  '['.repeat(100_000),
  `"${'x'.repeat(5 << 20)}"`,
);
const journal = path.map((path) =>
  JSON.stringify({
    version: 1,
    steps: [
      { kind: 'delete', path, before: sha256 },
      { kind: 'write', path, before: null, after: sha256 },
    ],
  }),
);

const guarded = ['.git', 'data/data/keep', 'project/.git', '../outside', 'link', 'linked'];
const stateOf = (outer: string) => {
  const all = contents(outer);
  const kept = Object.entries(all).filter(([path]) =>
    guarded.some((guard) => join('project', guard) === path || path.startsWith(`${join('project', guard)}/`)),
  );
  return [Object.fromEntries(kept), stamps(join(outer, 'outside'))];
};

test('whatever is in .makina-image, nothing outside, in data/ or in .git/ is touched', {
  timeout: 600_000,
}, async () => {
  const given = fc.record({
    changes: fc.array(spoiled, { maxLength: 3 }),
    text: fc.option(text, { freq: 6 }),
    link: fc.option(fc.constantFrom(...LINKED), { freq: 4 }),
    journal: fc.option(journal, { freq: 5 }),
    mode: fc.constantFrom(...CONFLICT_MODES),
  });
  await fc.assert(
    fc.asyncProperty(given, async ({ changes, text, link, journal, mode }) => {
      const outer = mkdtempSync(join(work, 'case-'));
      try {
        cpSync(join(work, 'template'), outer, { recursive: true, verbatimSymlinks: true });
        const root = join(outer, 'project');
        const file = join(root, '.makina-image/manifest.json');
        const manifest = JSON.parse(readFileSync(file, 'utf8'));
        for (const change of changes) change(manifest);
        writeFileSync(file, text ?? JSON.stringify(manifest));
        if (journal) {
          mkdirSync(join(root, '.makina-image/tx'));
          writeFileSync(join(root, '.makina-image/tx/journal.json'), journal);
        }
        if (link) {
          renameSync(join(root, link), join(outer, 'outside/moved'));
          symlinkSync(join(outer, 'outside/moved'), join(root, link));
        }
        const before = stateOf(outer);
        const options = { conflict: mode, allowDowngrade: true, allowDirty: true };
        const said = [() => check(root, options), () => upgrade(root, options), () => upgrade(root, options)].map(
          sentence,
        );
        expect(said.filter((sentence) => sentence !== undefined && !/^[^\n]{10,}/.test(sentence))).toEqual([]);
        expect(stateOf(outer)).toEqual(before);
      } finally {
        rmSync(outer, { recursive: true, force: true });
        await turnOver();
      }
    }),
    { numRuns: CASES, seed: SEED, endOnFailure: process.env.SHRINK === undefined },
  );
});

/** What a run ends with; only an error that is meant for people, or one of the system, is one. */
function sentence(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof UserError || 'syscall' in (error as Error)) return (error as Error).message;
    throw error;
  }
}

test('a manifest that cannot be read ends with 1 and a sentence, a FIFO too', async () => {
  const root = join(work, 'template/project');
  for (const text of ['{', '{"schema": 1}', '[]', 'FIFO', 'link']) {
    const copy = mkdtempSync(join(work, 'case-'));
    cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
    const manifest = join(copy, '.makina-image/manifest.json');
    rmSync(manifest);
    if (text === 'FIFO') execFileSync('mkfifo', [manifest]);
    else if (text === 'link') symlinkSync('base', manifest);
    else writeFileSync(manifest, text);
    const { exitCode, stderr } = await makinaImage(copy, ['upgrade']);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^makina-image: .*manifest.json cannot be used.*history$/),
    ]);
  }
});
