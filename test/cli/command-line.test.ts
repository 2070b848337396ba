import { describe, expect, test } from 'vitest';
import { parseCommandLine, parsePassing } from '../../generators/bin/command-line.ts';
import { type CommandLine, GLOBAL_FLAGS } from '../../generators/bin/verb.ts';
import { VERBS } from '../../generators/bin/verbs.ts';
import { makinaImage } from '../support/run.ts';

async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { exitCode, stdout, stderr } = await makinaImage('.', args, { env });
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

describe.each(VERBS.map((verb) => [verb.name, verb] as const))('%s', (name, { load }) => {
  test('its help lists every flag that it takes, and no two flags have one name', async () => {
    const { flags } = await load();
    const all = [...flags, ...GLOBAL_FLAGS];
    const { exitCode, stdout } = await run([name, '--help']);
    expect(exitCode).toBe(0);
    for (const { flag, value, hasNo } of all)
      expect(stdout).toContain(`  --${hasNo ? '[no-]' : ''}${flag}${value ? ` ${value}` : ''}`);
    expect(stdout.match(/^ {2}--/gm)).toHaveLength(all.length);
    expect(new Set(all.map(({ flag }) => flag)).size).toBe(all.length);
  });

  test('it takes every flag that its help lists, and no other', async () => {
    const { flags } = await load();
    for (const { flag, value } of [...flags, ...GLOBAL_FLAGS]) {
      const read = (args: string[]): CommandLine['flags'] => parseCommandLine(name, args, flags).flags;
      if (value === undefined) expect(read([`--${flag}`])).toEqual({ [flag]: [true] });
      else expect(read([`--${flag}`, 'x'])).toEqual({ [flag]: ['x'] });
    }
    expect(() => parseCommandLine(name, ['--no-such-thing'], flags)).toThrow(`${name} has no flag --no-such-thing`);
  });
});

describe('a verb that passes words on', () => {
  const PROJECT = [{ flag: 'project', value: 'DIR', description: '' }];
  test.each<[string[], CommandLine['flags'], string[]]>([
    [['web', 'ls', '-la', '--help', '--project', 'x'], {}, ['web', 'ls', '-la', '--help', '--project', 'x']],
    [['--project', '..', 'web', 'ls'], { project: ['..'] }, ['web', 'ls']],
    [['--project=..', '--quiet', '--', '--json'], { project: ['..'], quiet: [true] }, ['--json']],
    [['--json', '--quiet'], {}, ['--json', '--quiet']],
    [['-h'], { help: [true] }, []],
    [[], {}, []],
  ])('%j', (args, flags, words) => {
    expect(parsePassing('exec', args, PROJECT)).toEqual({ flags, words });
  });
  test.each([[['--project']], [['--project', '--quiet']]])('%j lacks a value', (args) => {
    expect(() => parsePassing('exec', args, PROJECT)).toThrow('--project needs a value');
  });
  test.each(
    VERBS.filter(({ isForBinAlone }) => isForBinAlone).map(({ name }) => name),
  )('%s ends with a sentence where no container runs', async (name) => {
    const { exitCode, stdout, stderr } = await run([name, '--project', '/', 'web']);
    expect([exitCode, stdout, stderr]).toEqual([1, '', expect.stringContaining('/ is not in a project')]);
  });
});

describe('help', () => {
  test('of no verb shows three examples, and ends with 0', async () => {
    const { exitCode, stdout } = await run([]);
    expect(exitCode).toBe(0);
    expect(stdout.match(/^ {2}makina-image /gm)).toHaveLength(3);
  });
  test.each([['--help'], ['-h'], ['help']])('%s lists every verb', async (word) => {
    const text = (await run([word])).stdout.replace(/\s+/g, ' ');
    for (const { name, line } of VERBS) {
      expect(text).toContain(` ${name} `);
      expect(text).toContain(line);
    }
  });
  test('of a verb is the same in three ways', async () => {
    const { stdout } = await run(['help', 'diff']);
    expect(stdout).toContain('makina-image diff [DIR...] [flags]');
    for (const flag of ['--help', '-h']) expect((await run(['diff', flag])).stdout).toBe(stdout);
  });
  test.each([48, 60, 100])('fits into %i columns, with what a flag does in a column of its own', async (columns) => {
    const { stdout } = await run(['circus-program', '--help'], { COLUMNS: String(columns) });
    const lines = stdout.split('\n').filter((line) => !line.includes(' --'));
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    const hanging = stdout.split('\n').filter((line) => /^ {3,}\S/.test(line));
    expect(new Set(hanging.map((line) => line.search(/\S/))).size).toBe(1);
  });
  test('of an unknown verb names the nearest', async () => {
    const { exitCode, stderr } = await run(['help', 'dif']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('did you mean diff?')]);
  });
});
