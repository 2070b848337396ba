import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { GLOBAL_FLAGS } from '../../generators/bin/verb.ts';
import { VERBS } from '../../generators/bin/verbs.ts';
import { needs, works } from '../support/needs.ts';
import { makinaImage, onTerminal, tempDir } from '../support/run.ts';

/** What is typed after `makina-image `, and what it becomes. */
const TYPED: [typed: string, line: string][] = [
  ['completion z\t', 'completion zsh'],
  ['ci gith\t', 'ci github'],
  ['help circ\t', 'help circus-program'],
  ['new --conflict mark\t', 'new --conflict markers'],
  ['new --conflict=mark\t', 'new --conflict=markers'],
  ['new --ci gitl\t', 'new --ci gitlab'],
  ['new --no-de\t', 'new --no-demo'],
  ['new --answers answ\t', 'new --answers answers.yaml'],
  ['new --destination ans\t', 'new --destination ansfolder'],
  ['base ans\t', 'base ansfolder'],
  ['adopt answ\t', 'adopt answers.yaml'],
  ['circus-program x --stop-signal H\t', 'circus-program x --stop-signal HUP'],
  ['circus-program --rem\t', 'circus-program --remove'],
  ['diff --st\t', 'diff --stat'],
];
/** The script in a folder with a file and a folder to complete. */
async function prepared(shell: string): Promise<string> {
  const dir = tempDir();
  const { stdout } = await makinaImage(dir, ['completion', shell]);
  writeFileSync(join(dir, 'script'), `${stdout}\n`);
  writeFileSync(join(dir, 'answers.yaml'), '');
  mkdirSync(join(dir, 'ansfolder'));
  return dir;
}

/** Types on an interactive shell, and tells the command lines that it ran. */
async function ran(shell: string[], setup: string): Promise<string[]> {
  const dir = await prepared(shell[0] as string);
  const prompt = 'ready> ';
  const dialogue: [string, string][] = [
    ['', `${setup}; source ./script; makina-image() { printf 'RAN <%s>\\n' "$*"; }; PS1='rea''dy> '\r`],
    ...TYPED.map(([typed]): [string, string] => [prompt, `makina-image ${typed}\r`]),
    [prompt, 'exit\r'],
  ];
  const { stdout } = await onTerminal(dir, shell, dialogue, { TERM: 'dumb' });
  return [...stdout.matchAll(/^RAN <(.*)>/gm)].map(([, line]) => (line as string).trim().replace(/\/$/, ''));
}

const withBash = needs('bash', works('bash', '--version'));
const withZsh = needs('zsh', works('zsh', '--version'));
const withFish = needs('fish', works('fish', '--version'));

describe('completion', () => {
  withBash('of bash, as one types', async () => {
    const shell = ['bash', '--norc', '--noprofile', '-i'];
    expect(await ran(shell, ':')).toEqual(TYPED.map(([, line]) => line));
  });
  withBash('of bash leaves the functions and the separators of the shell alone', async () => {
    const dir = await prepared('bash');
    const script = `IFS=:; offer() { echo mine; }; . ./script; COMP_WORDS=(makina-image doct); COMP_CWORD=1; _makina_image
      echo "$COMPREPLY $(offer) $IFS"; declare -F | grep -v _makina_image`;
    const { stdout } = await execa('bash', ['--norc', '--noprofile', '-c', script], { cwd: dir });
    expect(stdout.split('\n')).toEqual(['doctor mine :', 'declare -f offer']);
  });
  withZsh('of zsh, as one types', async () => {
    const setup = 'autoload -Uz compinit; compinit -u -D';
    expect(await ran(['zsh', '-f', '-i'], setup)).toEqual(TYPED.map(([, line]) => line));
  });
  withFish('of fish, which tells what it would complete', async () => {
    const dir = await prepared('fish');
    // Its pager and its suggestions make a terminal hard to read.
    const asked = TYPED.map(
      ([typed]) => `complete -C ${JSON.stringify(`makina-image ${typed.replace(/\t.*/, '')}`)}; echo END`,
    );
    const { stdout } = await execa('fish', ['--no-config', '-c', ['source ./script', ...asked].join('\n')], {
      cwd: dir,
    });
    const found = stdout.split(/^END$/m).map((block) =>
      block
        .trim()
        .split('\n')
        .map((line) => line.replace(/\/?(\t.*)?$/, '')),
    );
    for (const [index, [, line]] of TYPED.entries())
      expect([line, found[index]]).toEqual([line, [line.split(' ').at(-1)]]);
  });
  withZsh('of zsh works as a file of $fpath too', async () => {
    const dir = await prepared('zsh');
    renameSync(join(dir, 'script'), join(dir, '_makina-image'));
    const dialogue: [string, string][] = [
      [
        '',
        `fpath=("$PWD" $fpath); autoload -Uz compinit; compinit -u -D; makina-image() { echo "RAN <$1>"; }; PS1='rea''dy> '\r`,
      ],
      ['ready> ', 'makina-image upg\t\r'],
      ['ready> ', 'exit\r'],
    ];
    const { stdout } = await onTerminal(dir, ['zsh', '-f', '-i'], dialogue, { TERM: 'dumb' });
    expect(stdout).toContain('RAN <upgrade>');
  });

  test.each([['bash'], ['zsh'], ['fish']])('of %s knows every verb, and every flag of each', async (shell) => {
    const { stdout } = await makinaImage('.', ['completion', shell]);
    const lines = String(stdout).split('\n');
    for (const { name, load } of VERBS) {
      const { flags } = await load();
      const start = lines.findIndex((line) => new RegExp(`^ +${name}\\)|__makina_image_verb ${name}'`).test(line));
      expect([name, start]).not.toEqual([name, -1]);
      for (const { flag } of [...flags, ...GLOBAL_FLAGS])
        expect(lines.slice(start).join('\n')).toMatch(new RegExp(`(--|-l )${flag}\\b`));
    }
  });
  test.each([[[]], [['tcsh']], [['bash', 'zsh']], [['toString']]])('refuses %j in one sentence', async (words) => {
    const { exitCode, stdout, stderr } = await makinaImage('.', ['completion', ...words]);
    expect([exitCode, stdout, stderr]).toEqual([
      2,
      '',
      expect.stringContaining('makina-image completion bash, zsh or fish'),
    ]);
  });
});
