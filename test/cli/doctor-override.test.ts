import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doctor } from '../../generators/lib/doctor/doctor.ts';
import { readOverride } from '../../generators/lib/doctor/override.ts';
import { CASES, SEED } from '../support/cases.ts';
import { launcherTells } from '../support/launcher.ts';
import { makinaImage } from '../support/run.ts';

/** What doctor says of an override is held against what the launcher of the same project says. */
const PYTHON = process.env.TOOLS_PYTHON ?? 'python3';
const isThere = execaSync(PYTHON, ['-c', 'import yaml'], { reject: false }).exitCode === 0;
if (!isThere && process.env.NO_SKIP) throw new Error('PyYAML is missing, and nothing may be skipped here');
const TOP = 'makina-projects.demo';

const dir = mkdtempSync(join(tmpdir(), 'makina-image-test-'));
const [root, data] = [join(dir, 'demo'), join(dir, 'volume')];
beforeAll(async () => {
  await makinaImage(dir, ['new', 'demo', '--yes', '--runtime', 'vendored']);
  mkdirSync(join(data, 'configuration'), { recursive: true });
});
afterAll(() => rmSync(dir, { recursive: true }));

/** What the launcher says of each text, and the errors of doctor. */
async function both(texts: string[]) {
  const told = await launcherTells(PYTHON, root, 'demo', data, texts);
  const path = join(data, 'configuration/pillar.sls');
  const found: string[][] = [];
  for (const text of texts) {
    writeFileSync(path, text);
    chmodSync(path, 0o640);
    const { findings } = await readOverride(data, 'demo', false);
    found.push(findings.filter(({ level }) => level === 'error').map(({ what }) => what));
  }
  return texts.map((text, index) => ({ text, told: told[index], found: found[index] as string[] }));
}

describe.skipIf(!isThere)('doctor and the launcher', () => {
  test('agree on what is wrong with settings, word for word', { timeout: 300_000 }, async () => {
    const schema = readFileSync(join(root, 'project/.salt/runtime/pillar.schema.json'), 'utf8');
    const keys = [...new Set([...schema.matchAll(/"([a-z_]{2,20})": \{/g)].map(([, key]) => key as string))];
    const name = fc.oneof(fc.constantFrom(...keys), fc.constantFrom('web', 'nginx', 'a b', '/', '@x', 'A', ''));
    const value = fc.oneof(
      fc.constantFrom(null, true, 'x', '', 'a\nb', '/srv/x', 'http://a', '*/5 * * * *', 'TERM', 'INT', '0640'),
      fc.integer({ min: -2, max: 70000 }),
    );
    const settings = fc.letrec((tie) => ({
      dict: fc.dictionary(name, tie('node'), { maxKeys: 4 }),
      node: fc.oneof({ maxDepth: 4 }, value, fc.array(value, { maxLength: 3 }), tie('dict')),
    })).dict;
    const known = ['programs', 'vhosts', 'upstreams', 'configs', 'seeds', 'crons', 'app'];
    const whole = fc.dictionary(fc.constantFrom(...known, 'other'), settings, { maxKeys: 3 });
    const samples = fc.sample(whole, { numRuns: CASES * 4, seed: SEED });
    const judged = await both(samples.map((sample) => JSON.stringify({ [TOP]: { data: sample } })));
    for (const { text, told, found } of judged)
      expect([text, found[0] ?? null]).toEqual([text, told?.replace(/^pillar\.sls: /, '') ?? null]);
    expect(judged.filter(({ told }) => told).length).toBeGreaterThan(CASES);
  });

  test('agree on what is plain YAML, but for one text of a hundred', { timeout: 300_000 }, async () => {
    const pieces = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 8 });
    const samples = fc.sample(pieces, { numRuns: CASES * 4, seed: SEED });
    const judged = await both(samples.map((sample) => `${TOP}:\n  data:\n    app:\n      k: ${sample.join('')}\n`));
    const differing = judged.filter(({ told, found }) => (told !== null) !== found.length > 0);
    expect(differing.length, JSON.stringify(differing)).toBeLessThanOrEqual(CASES / 25);
    expect(judged.filter(({ told }) => told).length).toBeGreaterThan(CASES);
  });

  test.each([
    ['', null],
    ['{', /^not plain YAML/],
    ['{}', /must hold one mapping, data/],
    [`${TOP}: {data: {app: {a: !!bool x}}}`, /./],
    [`${TOP}: {data: {app: {a: !!int ""}}}`, /./],
    [`${TOP}: {data: {app: {a: !!timestamp x}}}`, /./],
    ['- a', /^it is not a mapping/],
    ['other: {}', /^it has the key other/],
    [`${TOP}: {}`, /must hold one mapping, data/],
    [`${TOP}: {data: {}, more: 1}`, /must hold one mapping, data/],
    [`${TOP}: {data: {}}\n${TOP}: {data: {}}`, /a key appears twice/],
    [`${TOP}:\n  data:\n\t  app: {}`, /not plain YAML/],
    [`${TOP}:\n  data:\n    app:\n      a: b: c`, /a mapping cannot start here; put text with ": " in quotes/],
    [`${TOP}: {data: {app: &a {b: 1}, seeds: *a}}`, /it uses an alias/],
    [`${TOP}: {data: {app: {a: 2026-01-01}}}`, /quote it/],
    [`${TOP}: {data: {app: {a: 0644}}}`, /quote it/],
    [`${TOP}: {data: {programs: {web: {env: {A: 0644, B: no, C: 2026-01-01, D: .inf, E: =}}}}}`, null],
    [`${TOP}: {data: {programs: {web: {port: 0x50}}}}`, /quote it/],
    [`${TOP}: {data: {app: {a: !!binary aGk=}}}`, /a date, a set or bytes/],
    [`${TOP}: {data: {app: {1: a}}}`, /the name of data.app.1/],
    [`${TOP}: {data: {app: {a: {1: a}}}}`, /a key is not text/],
    [`${TOP}: {data: {app: {a: .inf}}}`, /quote it/],
    [`${TOP}: {data: {app: {a: !!float .inf}}}`, /infinity and NaN/],
    [`${TOP}: {data: {app: {a: "x\ty"}}} # \t`, null],
    [`${TOP}:\n  data:\n    app: {a: 1}\n---\n`, /not plain YAML/],
  ])('agree on %j', async (text, expected) => {
    const [judged] = await both([text]);
    expect(judged?.told === null).toBe(expected === null);
    if (expected) expect(judged?.found[0]).toMatch(expected);
    else expect(judged?.found).toEqual([]);
  });
});

/** The volumes that the end-to-end tests give to a container, and what came of them there. */
interface Hostile {
  make?: (data: string, neighbour: string) => unknown;
  page?: RegExp;
  readOnly?: boolean;
  tmpfs?: string;
}
const { ANSWERS, FILES, HOSTILE, NAME } = (await import(
  new URL('../e2e/steps/hostile-cases.mjs', import.meta.url).href
)) as {
  ANSWERS: object;
  FILES: Record<string, string | Buffer>;
  HOSTILE: Record<string, Hostile>;
  NAME: string;
};
/** Only the image knows its users, and what a {key} comes to. */
const UNSEEN = ['an unknown user', 'a seed into the code'];

describe('of the volumes that are tried on containers', () => {
  beforeAll(async () => {
    writeFileSync(join(dir, 'answers.json'), JSON.stringify(ANSWERS));
    await makinaImage(dir, ['new', NAME, '--yes', '--answers', 'answers.json']);
    for (const [path, content] of Object.entries(FILES)) writeFileSync(join(dir, NAME, path), content);
  });
  // What a container does to its own mount.
  const cases = Object.entries(HOSTILE).filter(([, { readOnly, tmpfs }]) => !readOnly && !tmpfs);

  test.each(cases)('%s: doctor foretells it', async (what, { make, page }) => {
    const [volume, neighbour] = ['volume-', 'neighbour-'].map((name) => mkdtempSync(join(dir, name)));
    await make?.(volume as string, neighbour as string);
    const request = { folder: join(dir, NAME), volume, node: '99.0.0', searchPath: '', nodePath: '' };
    const { findings } = await doctor(request);
    const ids = ['volume', 'override', 'seeds'];
    const about = findings.filter(({ id, level }) => ids.includes(id) && level !== 'ok');
    if (what === 'a half copy of a crash') expect(about.map(({ level }) => level)).toEqual(['warning']);
    else if (page || UNSEEN.includes(what)) expect(about).toEqual([]);
    else expect(about).not.toEqual([]);
  });
});

const PIECES = [
  ...[
    'a',
    'b',
    'é',
    '😀',
    '1',
    '1.5',
    '0x1f',
    '0777',
    '1:30',
    '2024-01-01',
    'yes',
    'TRUE',
    'null',
    '~',
    '.nan',
    '.inf',
  ],
  ...[': ', ':', '- ', '-', ', ', '? ', '<<', '=', '@', '`', '%', '\\', '{', '}', '[', ']', '"', "'", '|\n', '>-\n'],
  ...['\n', '\n  ', '\n    ', '\n      ', '\r\n', '\t', ' #', '\u0001', '\u0085', '\u2028', '---\n', '%YAML 1.1\n'],
  ...['&x ', '*x', '!!str ', '!!int ', '!!bool ', '!!binary ', '!x ', '"\\ud800"', '"\\x41"', 'a: 1', '{a: 1}', '- 1'],
];
