import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEnv } from 'yeoman-environment';
import { VERBS } from '../../generators/bin/verbs.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { register } from '../support/generators.ts';
import { makinaImage, tempDir } from '../support/run.ts';
import { readTree } from '../support/tree.ts';

const NAMES = VERBS.filter(({ isForBinAlone }) => !isForBinAlone).map(({ name }) => name);

/** Runs the generator of a verb as yo does, on a terminal whose output is kept. */
async function underYeoman(cwd: string, verb: string, args: string[], options: object = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const env = createEnv({ cwd, stdout, stderr, stdin: new PassThrough() } as never);
  register(env, NAMES);
  const before = process.exitCode;
  process.exitCode = undefined;
  const error = await env.run([`makina-image:${verb}`, ...args], options as never).then(
    () => undefined,
    (failed: Error & { code: number }) => failed,
  );
  const code = error ? error.code : Number(process.exitCode ?? 0);
  process.exitCode = before;
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return { code, message: error?.message, stdout: text(stdout), stderr: text(stderr) };
}

const made = mkdtempSync(join(tmpdir(), 'makina-image-made-'));
beforeAll(() => makinaImage(made, ['new', 'shop', '--yes']));
afterAll(() => rmSync(made, { recursive: true }));

/** A project of its own; it was made once. */
function project(): string {
  const dir = join(tempDir(), 'shop');
  cpSync(join(made, 'shop'), dir, { recursive: true });
  return dir;
}

describe('every verb of the bin is a generator, but those for a running container', () => {
  test.each(NAMES)('%s, with the flags of the verb in its help', async (name) => {
    expect(existsSync(join(packageRoot, `dist/generators/${name}/index.js`))).toBe(true);
    const env = createEnv({ cwd: tempDir() });
    register(env, NAMES);
    const generator = await env.create(`makina-image:${name}`, { generatorOptions: { help: true } } as never);
    const verb = await VERBS.find((listed) => listed.name === name)?.load();
    const help = (generator as unknown as { help(): string }).help();
    for (const { flag } of verb?.flags ?? []) expect(help).toContain(`--${flag} `);
  });
});

describe('a generator says, writes and ends as its verb does, from below the project', () => {
  test.each<[string, string[], Record<string, unknown>]>([
    ['check', [], { json: true }],
    ['check', ['../..'], {}],
    ['diff', [], {}],
    ['diff', [], { stat: true, conflict: 'ours' }],
    ['upgrade', [], { dryRun: true }],
    ['upgrade', [], { detailedExitcode: true }],
    ['doctor', [], { json: true }],
    ['doctor', ['nowhere'], {}],
    ['schema', ['report'], {}],
    ['schema', [], {}],
    ['completion', ['fish'], {}],
    ['help', ['check'], {}],
    ['ci', ['github'], { ciSource: '@shop/generator-makina-image' }],
    ['ci', ['jenkins'], {}],
    ['adopt', ['../../compose.yaml'], {}],
    ['restore', ['../../README.md', '../Dockerfile'], {}],
    ['resolve', ['../../README.md'], { merged: true }],
    ['base', ['base'], {}],
    ['circus-program', [], { list: true, json: true }],
    ['circus-program', ['web'], { unset: ['env.PORT', 'port'] }],
    ['nginx-vhost', ['a.example.com'], { root: '/srv/a', aliases: ['b.example.com'] }],
    ['nginx-location', ['/x'], { return: '204' }],
  ])('%s %j %j', async (verb, args, options) => {
    const [one, two] = [project(), project()];
    for (const dir of [one, two]) {
      const text = readFileSync(join(dir, '.yo-rc.json'), 'utf8');
      writeFileSync(join(dir, '.yo-rc.json'), text.replace('"name": "shop"', '"name": "shop", "publish": 81'));
      rmSync(join(dir, 'project/Dockerfile'));
    }
    const flags = Object.entries(options).flatMap(([option, value]) => {
      const flag = `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      return value === true ? [flag] : [value].flat().map((each) => `${flag}=${each}`);
    });
    const byBin = await makinaImage(join(two, 'project/app'), [verb, ...args, ...flags]);
    const byYo = await underYeoman(join(one, 'project/app'), verb, args, options);
    const here = (text: unknown) => String(text).replaceAll(two, one).trim();
    expect(byYo.code).toBe(byBin.exitCode);
    const said = here(`${byYo.stdout}\n${byYo.stderr}\n${byYo.message ?? ''}`);
    for (const line of here(`${byBin.stdout}\n${byBin.stderr}`).split('\n'))
      expect(said).toContain(line.replace(/^makina-image: /, '').trim());
    if (options.json || verb === 'diff' || verb === 'schema') expect(here(byYo.stdout)).toBe(here(byBin.stdout));
    expect(readTree(one)).toEqual(readTree(two));
  });

  test('neither a FIFO nor broken JSON for a .yo-rc.json holds one up', async () => {
    const dir = project();
    renameSync(join(dir, '.yo-rc.json'), join(dir, 'saved'));
    execFileSync('mkfifo', [join(dir, '.yo-rc.json')]);
    expect(await underYeoman(dir, 'check', [])).toMatchObject({ code: 1 });
    expect(await underYeoman(dir, 'new', [], { yes: true })).toMatchObject({
      code: 3,
      message: expect.stringContaining('.yo-rc.json is not a file'),
    });
    rmSync(join(dir, '.yo-rc.json'));
    writeFileSync(join(dir, '.yo-rc.json'), '{ "generator-makina-image"');
    expect(await underYeoman(dir, 'new', [], { yes: true })).toMatchObject({
      code: 2,
      message: expect.stringContaining('.yo-rc.json is not valid JSON'),
    });
  });

  test('nothing is asked where there is no terminal', async () => {
    expect(await underYeoman(tempDir(), 'new', [])).toMatchObject({
      code: 2,
      message: expect.stringContaining('name is required'),
    });
  });
});
