import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAnswers } from '../../generators/lib/answers/answers-file.ts';
import { answersFromFlags } from '../../generators/lib/answers/flags.ts';
import { meaningOf, ODD } from '../../generators/lib/answers/scalars.ts';
import { readOverride } from '../../generators/lib/doctor/override.ts';
import { readPillars } from '../../generators/lib/doctor/pillars.ts';
import { complete } from '../../generators/lib/model/intent.ts';
import { newProject } from '../../generators/lib/verbs/new.ts';
import table from '../tables/scalars.json' with { type: 'json' };

/** test/launcher/test_scalars.py takes the same table through the launcher. */
const all = Object.entries(table).flatMap(([meaning, sources]) => sources.map((source) => [source, meaning] as const));
const spelled = all.filter(([source]) => !table.null.includes(source) || /^N/.test(source));

const dir = mkdtempSync(join(tmpdir(), 'makina-image-scalars-'));
const [root, data] = [join(dir, 'demo'), join(dir, 'volume')];
beforeAll(async () => {
  await newProject({ cwd: dir, flags: { name: 'demo' }, answers: {}, conflict: 'abort' });
  mkdirSync(join(data, 'configuration'), { recursive: true });
});
afterAll(() => rmSync(dir, { recursive: true }));

const answers = (text: string) => parseAnswers('a.yaml', Buffer.from(text));
const inOverride = async (text: string) => {
  const path = join(data, 'configuration/pillar.sls');
  writeFileSync(path, `makina-projects.demo:\n  data:\n    ${text}\n`, { mode: 0o640 });
  const { findings, layers } = await readOverride(data, 'demo', false);
  return { wrong: findings.find(({ level }) => level === 'error'), value: layers?.[0] };
};
const inPillar = async (text: string) => {
  writeFileSync(join(root, 'pillar/init.sls'), `makina-projects.demo:\n  data:\n    ${text}\n`);
  const { findings, layers } = await readPillars(root, 'demo');
  return { wrong: findings.find(({ level }) => level === 'error'), value: layers?.at(-1) };
};

it.each(all)('%j is %s', (source, meaning) => {
  expect(meaningOf(source)).toBe(meaning);
});

it('text with a colon and a space is not taken for a mapping', async () => {
  await expect(answers('name: shop\ndescription: a: b\n')).rejects.toThrow(
    'a.yaml:2:14: a mapping cannot start here; put text with ": " in quotes',
  );
});

describe('where text is wanted', () => {
  it.each(spelled)('the answers and the override take %j as it is spelled', async (source) => {
    const program = `programs: {web: {cmd: x, env: {A: ${source} }, args: [ ${source} ]}}`;
    const wanted = { programs: { web: { cmd: 'x', env: { A: source }, args: [source] } } };
    expect(await answers(program)).toEqual(wanted);
    expect(await inOverride(program)).toEqual({ wrong: undefined, value: wanted });
  });
  it('null and ~ remove a value, except in a list', async () => {
    expect(await answers('programs: {web: {working_dir: ~, user: null, args: [~, null]}}')).toEqual({
      programs: { web: { working_dir: null, user: null, args: ['~', 'null'] } },
    });
  });
  it.each([
    ...table.odd,
    ...table.number,
    ...table.boolean,
  ])('a pillar, which Salt reads by itself, has %j in quotes', async (source) => {
    expect((await inPillar(`programs: {web: {args: [ ${source} ]}}`)).wrong?.what).toContain(ODD);
    expect((await inPillar(`programs: {web: {args: ['${source}']}}`)).wrong).toBeUndefined();
  });
  it('a number and a boolean of JSON are that text', async () => {
    const text = '{"name": "x", "programs": {"a": {"cmd": "x", "env": {"A": 3.10, "B": true}}}, "app": {"n": 1.50}}';
    const said = await answers(text);
    expect(said).toEqual({ name: 'x', programs: { a: { cmd: 'x', env: { A: '3.10', B: 'true' } } }, app: { n: 1.5 } });
    expect(complete(said).problems).toBeUndefined();
  });
  it('an alias is read for the place it is used at', async () => {
    const text =
      'name: &v 8080\npublish: *v\nprograms:\n  a: &a {cmd: x, port: 8000}\n  b:\n    <<: *a\n    port: 8001\n';
    expect(await answers(text)).toEqual({
      name: '8080',
      publish: 8080,
      programs: { a: { cmd: 'x', port: 8000 }, b: { cmd: 'x', port: 8001 } },
    });
  });
  it('names are text too', async () => {
    const text = 'programs: {no: {cmd: x}, on: {cmd: y}}\nvhosts: {a: {error_page: {404: /x}}}';
    expect(Object.keys((await answers(text)).programs as object)).toEqual(['no', 'on']);
    expect((await inOverride('programs: {no: {cmd: x}}')).value).toEqual({ programs: { no: { cmd: 'x' } } });
  });
});

describe('everywhere else', () => {
  const places = ['app: {a: VALUE }', 'app: {a: [1, VALUE ]}', 'configs: {c: {source: x, context: {a: VALUE }}}'];
  it.each(table.odd)('%j is refused with its place', async (source) => {
    for (const place of [...places, 'programs: {web: {cmd: x, numprocesses: VALUE }}', 'app: {a: {VALUE : 1}}']) {
      // A merge key is refused elsewhere.
      if (source === '<<' && place.includes('VALUE :')) continue;
      const text = place.replace('VALUE', source);
      const told = text.includes(`{${source} :`) ? /key/ : new RegExp(ODD);
      await expect(answers(`\n${text}`)).rejects.toThrow(/^a\.yaml:2:\d+: /);
      await expect(answers(`\n${text}`)).rejects.toThrow(told);
      for (const { wrong } of [await inOverride(text), await inPillar(text)]) {
        expect(wrong?.what).toMatch(told);
        expect(wrong?.where).toMatch(/\.sls:3:\d+$/);
      }
    }
  });
  it.each([...table.number, ...table.boolean, ...table.text])('%j is what it seems to be', async (source) => {
    const value = table.text.includes(source) ? source : JSON.parse(source.toLowerCase());
    for (const place of places.slice(0, 1)) {
      const text = place.replace('VALUE', source);
      expect(await answers(text)).toEqual({ app: { a: value } });
      expect((await inOverride(text)).value).toEqual({ app: { a: value } });
      expect((await inPillar(text)).value).toEqual({ app: { a: value } });
    }
  });
  it.each(['08080', '+80', '80.0', '8_0', '0x50', '1e2'])('a flag that wants a number does not take %s', (value) => {
    expect(complete({ name: 'x', ...answersFromFlags({ publish: [value] }) }).problems).toHaveLength(1);
  });
  it('what others keep in a pillar is theirs', async () => {
    writeFileSync(join(root, 'pillar/init.sls'), 'other: {a: 0644, 1: no}\n');
    expect((await readPillars(root, 'demo')).findings.every(({ level }) => level === 'ok')).toBe(true);
  });
});
