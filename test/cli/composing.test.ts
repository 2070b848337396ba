import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { createEnv } from 'yeoman-environment';
import { createHelpers, TestAdapter } from 'yeoman-test';
import { NEIGHBOUR, type Plan, register } from '../support/generators.ts';
import { makinaImage, tempDir } from '../support/run.ts';
import { readTree } from '../support/tree.ts';

const here = process.cwd();
afterAll(() => process.chdir(here));

/** An environment with a test's adapter, in a folder. */
function environment(cwd: string, answers: Record<string, unknown> = {}, options: object = {}) {
  const adapter = new TestAdapter({ mockedAnswers: answers });
  const env = createEnv({ cwd, adapter: adapter as never, skipInstall: true, ...options });
  register(env);
  return { env, adapter };
}

/** Runs a generator; returns the error that ended the run. */
async function run(cwd: string, generator: string, args: unknown[], options: object, answers = {}): Promise<Failure> {
  const { env } = environment(cwd, answers);
  return env.run([generator, ...args] as string[], options as never).then(
    () => undefined,
    (error: Error & { code: number }) => error,
  );
}
type Failure = (Error & { code: number }) | undefined;

const neighbour = (cwd: string, plan: Plan, options: object = {}) => run(cwd, 'neighbour', [], { plan, ...options });

function yoRc(dir: string): Record<string, { answers?: object; mine?: number; late?: number; installed?: number }> {
  return JSON.parse(readFileSync(join(dir, '.yo-rc.json'), 'utf8'));
}

const KEY = 'generator-makina-image';
const ALL_KEPT = { mine: 1, installed: 2, late: 3 };
const OURS = { generator: 'makina-image', options: { name: 'shop', destination: '.', yes: true } };

describe('a generator that composes with ours', () => {
  test.each([
    'initializing',
    'prompting',
    'writing',
    'install',
    'end',
  ])('in %s keeps its files and its part of .yo-rc.json, and ours is in sync', async (phase) => {
    const dir = tempDir();
    expect(await neighbour(dir, { files: { 'other.txt': 'x', 'a/b.txt': 'y' }, compose: { [phase]: [OURS] } })).toBe(
      undefined,
    );
    expect(readTree(dir)).toMatchObject({ 'other.txt': 'x', 'a/b.txt': 'y', 'project/launch.sh*': expect.anything() });
    expect(yoRc(dir)).toEqual({
      'generator-neighbour': ALL_KEPT,
      [KEY]: { model: expect.any(Number), answers: { name: 'shop' } },
    });
    expect((await makinaImage(dir, ['check'])).exitCode).toBe(0);
  });

  test('has its files beside a project that it puts elsewhere', async () => {
    const dir = tempDir();
    const compose = {
      initializing: [
        { generator: 'makina-image', options: { name: 'shop', yes: true } },
        { generator: 'makina-image', options: { name: 'mail', yes: true, destinationRoot: join(dir, 'sub') } },
      ],
    };
    expect(await neighbour(dir, { files: { 'other.txt': 'x' }, compose })).toBe(undefined);
    expect([yoRc(dir), yoRc(join(dir, 'shop'))[KEY]?.answers, yoRc(join(dir, 'sub/mail'))[KEY]?.answers]).toEqual([
      { 'generator-neighbour': ALL_KEPT },
      { name: 'shop' },
      { name: 'mail' },
    ]);
  });

  test('can add to the project that it makes, one after the other', async () => {
    const dir = tempDir();
    const worker = {
      generator: 'makina-image:circus-program',
      args: ['worker', '--cmd', 'sleep 9', '--env', 'QUEUE=mail'],
      options: { numprocesses: 2, destinationRoot: join(dir, 'project') },
    };
    expect(await neighbour(dir, { compose: { initializing: [OURS, worker] } })).toBe(undefined);
    expect(yoRc(dir)[KEY]?.answers).toEqual({
      name: 'shop',
      programs: { worker: { cmd: 'sleep 9', env: { QUEUE: 'mail' }, numprocesses: 2 } },
    });
    expect(yoRc(dir)['generator-neighbour']).toEqual(ALL_KEPT);
  });

  test('has its packages installed, also where ours is refused, and its own tasks run', async () => {
    const bin = tempDir();
    writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho "$@" > installed\n');
    chmodSync(join(bin, 'npm'), 0o755);
    vi.stubEnv('PATH', `${bin}${delimiter}${process.env.PATH}`);
    for (const files of [{ 'other.txt': 'x' }, { 'README.md': 'mine' }] as Record<string, string>[]) {
      const dir = tempDir();
      const { env } = environment(dir, {}, { skipInstall: false, nodePackageManager: 'npm' });
      const plan: Plan = { files, dependencies: { left: '1' }, compose: { initializing: [OURS] } };
      const ended = env.run(['neighbour'], { plan } as never);
      if ('README.md' in files) await expect(ended).rejects.toMatchObject({ code: 3 });
      else await ended;
      expect(readTree(dir)).toMatchObject({ installed: 'install\n', ...files });
      expect(existsSync(join(dir, 'project'))).toBe(!('README.md' in files));
    }
    const dir = tempDir();
    const customInstallTask = vi.fn();
    const plan = { features: { customInstallTask }, dependencies: { left: '1' }, compose: { initializing: [OURS] } };
    await environment(dir, {}, { skipInstall: false, nodePackageManager: 'npm' }).env.run(['neighbour'], {
      plan,
    } as never);
    expect(customInstallTask).toHaveBeenCalledOnce();
    vi.unstubAllEnvs();
  });

  test('that writes a file of ours finds it a conflict, which `conflict` settles', async () => {
    const tried = async (conflict?: string) => {
      const dir = tempDir();
      const options = { ...OURS.options, conflict };
      const plan = { files: { 'README.md': 'mine\n' }, compose: { initializing: [{ ...OURS, options }] } };
      const error = await neighbour(dir, plan);
      return { code: error?.code, message: error?.message, tree: readTree(dir) };
    };
    const refused = await tried();
    expect([refused.code, refused.message]).toEqual([3, expect.stringContaining('README.md')]);
    expect(refused.tree).toEqual({ 'README.md': 'mine\n', '.yo-rc.json': expect.anything() });
    const ours = await tried('ours');
    expect([ours.code, ours.tree['README.md']]).toEqual([undefined, 'mine\n']);
    const theirs = await tried('theirs');
    expect(theirs.tree['README.md']).toContain('# shop');
    expect(Object.entries(theirs.tree)).toContainEqual([expect.stringContaining('.makina-image/backup/'), 'mine\n']);
    // What is left for a person is an exit code, which a host learns as an error.
    expect(await tried('markers')).toMatchObject({ code: 3, tree: { 'README.md': expect.stringContaining('mine') } });
  });

  test.each([true, () => undefined])('may write its files itself', async (customCommitTask) => {
    const dir = tempDir();
    const plan = { features: { customCommitTask }, files: { 'other.txt': 'x' }, compose: { initializing: [OURS] } };
    expect(await neighbour(dir, plan)).toBe(undefined);
    expect(yoRc(dir)[KEY]?.answers).toEqual({ name: 'shop' });
    expect(existsSync(join(dir, 'other.txt'))).toBe(false);
  });
});

describe('ours', () => {
  test.each(['before', 'after'])('runs with another one that a host composes %s it', async (order) => {
    const dir = tempDir();
    const { env } = environment(dir);
    const compose = () =>
      env.composeWith('neighbour', { generatorOptions: { plan: { files: { 'other.txt': 'x' } } } } as never);
    if (order === 'before') await compose();
    else env.once('compose', compose);
    await env.run(['makina-image'], OURS.options as never);
    expect(readTree(dir)).toMatchObject({ 'other.txt': 'x', 'project/launch.sh*': expect.anything() });
    expect(yoRc(dir)).toMatchObject({ 'generator-neighbour': ALL_KEPT, [KEY]: { answers: { name: 'shop' } } });
  });

  test('changes a project in which another generator keeps its part', async () => {
    const dir = tempDir();
    await neighbour(dir, { compose: { initializing: [OURS] } });
    const again = { ...OURS, options: { publish: 9000 } };
    expect(await neighbour(dir, { files: { 'new.txt': 'x' }, compose: { writing: [again] } })).toBe(undefined);
    expect(yoRc(dir)).toMatchObject({
      'generator-neighbour': ALL_KEPT,
      [KEY]: { answers: { name: 'shop', publish: 9000 } },
    });
    expect(readTree(dir)).toMatchObject({ 'new.txt': 'x', 'compose.yaml': expect.stringContaining('9000:80') });
  });
});

describe('yeoman-test', () => {
  const helpers = createHelpers({});
  const ours = (dir: string) =>
    helpers
      .create('makina-image:app', { cwd: dir, namespace: 'makina-image:app' } as never)
      .onEnvironment((env) => void register(env as never));

  test('answers the questions, gives options, and has our files in its snapshot', async () => {
    const dir = tempDir();
    const result = await ours(dir)
      .withOptions({ packages: ['curl'] } as never)
      .withAnswers({ name: 'shop', description: 'From a test', stack: 'empty' })
      .run();
    result.assertFile('shop/compose.yaml');
    expect(yoRc(join(dir, 'shop'))[KEY]?.answers).toEqual({
      name: 'shop',
      description: 'From a test',
      demo: false,
      packages: ['curl'],
    });
    const snapshot = result.getSnapshot() as Record<string, { contents: string; stateCleared: string }>;
    const tree = readTree(join(dir, 'shop'));
    const written = Object.keys(tree).filter((path) => !path.startsWith('.makina-image/') && !path.endsWith('/'));
    expect(Object.keys(snapshot).sort()).toEqual(written.map((path) => `shop/${path.replace('*', '')}`).sort());
    expect(snapshot['shop/compose.yaml']).toEqual({ contents: tree['compose.yaml'], stateCleared: 'modified' });
  });

  test('asks each open question once, in a CI too, and none with `yes`', async () => {
    vi.stubEnv('CI', 'true');
    const asked = async (options: object) => {
      const { env, adapter } = environment(tempDir(), { name: 'shop' });
      await env.run(['makina-image'], options as never);
      return adapter.calls.map(({ question }) => question.name);
    };
    expect(await asked({})).toEqual(['name', 'stack', 'description', 'go']);
    expect(await asked({ name: 'shop', demo: true })).toEqual(['description', 'go']);
    expect(await asked({ name: 'shop', stack: 'static' })).toEqual(['description', 'go']);
    expect(await asked({ name: 'shop', yes: true })).toEqual([]);
    vi.unstubAllEnvs();
  });

  test('gets an error for wrong answers, and no generator writes anything', async () => {
    const dir = tempDir();
    const { env } = environment(dir, { name: 'Not a name!' });
    const plan = { files: { 'other.txt': 'x' }, compose: { initializing: [{ generator: 'makina-image' }] } };
    await expect(env.run(['neighbour'], { plan } as never)).rejects.toMatchObject({
      code: 2,
      message: expect.stringContaining('name'),
    });
    expect(readTree(dir)).toEqual({});
  });

  test('refuses "no" at the last question with 130', async () => {
    const dir = tempDir();
    expect(await run(dir, 'makina-image', [], {}, { name: 'shop', go: false })).toMatchObject({ code: 130 });
    expect(readTree(dir)).toEqual({});
  });

  test('learns the code of a verb that ends with another one than 0', async () => {
    const dir = tempDir();
    await makinaImage(dir, ['new', 'shop', '--yes']);
    const inside = join(dir, 'shop/project/app');
    expect(await run(inside, 'makina-image:check', [], {})).toBe(undefined);
    const text = readFileSync(join(dir, 'shop/.yo-rc.json'), 'utf8');
    writeFileSync(join(dir, 'shop/.yo-rc.json'), text.replace('"name": "shop"', '"name": "shop", "publish": 81'));
    const before = process.exitCode;
    expect(await run(inside, 'makina-image:check', [], {})).toMatchObject({ code: 2 });
    expect(process.exitCode).toBe(before);
  });
});

describe('an option from JavaScript', () => {
  const answersOf = async (options: object) => {
    const dir = tempDir();
    const error = await neighbour(dir, {
      compose: { initializing: [{ generator: 'makina-image', options: { ...OURS.options, ...options } }] },
    });
    if (error) {
      expect([error.code, readTree(dir)]).toEqual([2, {}]);
      return error.message;
    }
    const { name: _, ...answers } = yoRc(dir)[KEY]?.answers as { name: string };
    return answers;
  };

  test.each<[object, object]>([
    [{ baseImage: 'x:1' }, { base_image: 'x:1' }],
    [{ 'base-image': 'x:1' }, { base_image: 'x:1' }],
    [{ base_image: 'x:1', baseImage: 'x:1' }, { base_image: 'x:1' }],
    [{ publish: 9000 }, { publish: 9000 }],
    [{ publish: '9000' }, { publish: 9000 }],
    [
      { demo: false, overrideJinja: true },
      { demo: false, override_jinja: true },
    ],
    [{ packages: ['curl'] }, { packages: ['curl'] }],
    [
      { packages: ['curl', 'jq'], ports: [9001] },
      { packages: ['curl', 'jq'], ports: [9001] },
    ],
    [{ packages: 'curl' }, { packages: ['curl'] }],
    [{ labels: { a: 'b' } }, { labels: { a: 'b' } }],
    [{ labels: ['a=b', 'c=d=e'] }, { labels: { a: 'b', c: 'd=e' } }],
    [{ app: { x: { y: [1, true, 'text', '--x'] } } }, { app: { x: { y: [1, true, 'text', '--x'] } } }],
    [{ app: Object.assign(Object.create(null), { x: 1 }) }, { app: { x: 1 } }],
    [{ app: '{"x": 1}' }, { app: { x: 1 } }],
    [{ description: '--yes' }, { description: '--yes' }],
    [{ description: undefined, publish: null, packages: undefined, app: undefined }, {}],
    [{ foreign: 1, anotherFlag: [{}], 'third-one': null, plan: 2, _: ['x'], arguments: ['y'] }, {}],
  ])('%j is taken', async (options, answers) => {
    expect(await answersOf(options)).toEqual(answers);
  });

  class Odd {}
  const endless: Record<string, unknown> = {};
  endless.x = endless;
  test.each<[string, object, string]>([
    ['a list', { publish: [1, 2] }, '--publish takes a number, not a list'],
    ['a list', { description: ['a'] }, '--description takes text, not a list'],
    ['a mapping', { baseImage: { a: 1 } }, '--base-image takes text, not a mapping'],
    ['a mapping', { packages: { a: 1 } }, '--packages takes a list, not a mapping'],
    ['a number', { description: 3.1 }, '--description takes text, not the number 3.1'],
    ['a boolean', { description: true }, '--description takes text, not the boolean true'],
    ['a boolean', { app: false }, '--app takes a mapping, a list or JSON, not the boolean false'],
    ['text', { demo: 'no' }, '--demo takes true or false, not the string no'],
    ['a number', { yes: 1 }, '--yes takes true or false, not the number 1'],
    ['no number', { publish: Number.NaN }, 'publish'],
    ['a function', { packages: () => ['curl'] }, '--packages takes a list, not a function'],
    ['a symbol', { baseImage: Symbol('x') }, '--base-image takes text, not the symbol Symbol(x)'],
    ['a bigint', { publish: 81n }, '--publish takes a number, not the bigint 81'],
    ['a date', { app: { when: { is: new Date(0) } } }, '--app: when: is is an object of the class Date'],
    ['a map', { labels: new Map([['a', 'b']]) }, '--labels takes a mapping, not an object of the class Map'],
    ['a class', { programs: { a: new Odd() } }, '--programs: a is an object of the class Odd'],
    ['an endless mapping', { app: endless }, 'holds itself'],
    ['two spellings', { baseImage: 'a', base_image: 'b' }, 'in another spelling'],
    ['no JSON', { app: 'hello' }, '--app is not valid JSON'],
    ['a wrong entry', { packages: ['curl', 5] }, 'packages.1'],
    ['a wrong mode', { conflict: 'maybe' }, '--conflict must be one of'],
  ])('that is %s is refused in one sentence: %#', async (_, options, sentence) => {
    expect(await answersOf(options)).toEqual(expect.stringContaining(sentence));
  });

  test('beside words that are not text is refused', async () => {
    const error = await neighbour(tempDir(), { compose: { initializing: [{ ...OURS, args: [{}] }] } });
    expect(error).toMatchObject({ code: 2, message: 'the words after new are text, not a mapping' });
  });
});

test('the neighbour of these tests works alone', async () => {
  const dir = tempDir();
  mkdirSync(join(dir, 'x'));
  expect(await neighbour(dir, { files: { 'other.txt': 'x' } })).toBe(undefined);
  expect([readTree(dir)['other.txt'], existsSync(NEIGHBOUR)]).toEqual(['x', true]);
});
