import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { makinaImage, tempDir } from '../support/run.ts';

const read = (path: string) => readFileSync(join(packageRoot, path), 'utf8');
const CONTRIBUTING = 'docs/contributing.md';

const [, list = ''] = /\n\| not \| use \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(read(CONTRIBUTING)) ?? [];
const avoided = list
  .trimEnd()
  .split('\n')
  .flatMap((row) => (row.split('|')[1] as string).split(',').map((word) => word.trim()));
const pattern = new RegExp(`(?<!there )\\b(${avoided.join('|')})\\b(?! for\\b)`, 'gi');

/** The words to avoid in what a page says itself: not in code, in what it quotes, or in the list of them. */
function found(text: string): string[] {
  const prose = text
    .replace(list, '')
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`]*`|<[^>]*>|"[^"]*"/g, '');
  return [...prose.matchAll(pattern)].map(([word]) => word.toLowerCase());
}

const pages = [
  ...['README.md', 'AGENTS.md', 'CODE_OF_CONDUCT.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...['docs', 'docs/contributing'].flatMap((folder) =>
    readdirSync(join(packageRoot, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
  ...['project', 'base', 'runtime'].map((folder) => `templates/${folder}/README.md.ejs`),
];

const sources = ['generators', 'docs'].flatMap((folder) =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.m?ts$|\.mjs$/.test(name) && !name.startsWith('.'))
    .map((name) => `${folder}/${name}`),
);

/** The words to avoid in a source: in its comments, its messages and its names; not in a list of Debian's accounts. */
const foundInSource = (text: string) =>
  [...text.replace(/words\(\s*'[^']*'/g, '').matchAll(pattern)].map(([word]) => word.toLowerCase());

const tests = ['unit', 'cli', 'docs'].flatMap((folder) =>
  readdirSync(join(packageRoot, 'test', folder))
    .filter((name) => name.endsWith('.test.ts') && name !== 'words.test.ts')
    .map((name) => `test/${folder}/${name}`),
);

/** The titles in a file of tests. */
const titlesOf = (text: string) =>
  [...text.matchAll(/(?:\b(?:describe|test|it)|\))\((['"`])(.+?)\1, /g)].map(([, , title]) => title).join('\n');

describe('the words of docs/contributing.md', () => {
  test('are looked for', () => {
    expect(avoided.length).toBeGreaterThan(10);
    expect(found('It is told what `nobody` said.')).toEqual(['told', 'said']);
    expect(found(titlesOf("describe('nobody', () => {\n  ])('%s is told', (_) => {"))).toEqual(['nobody', 'told']);
    expect(foundInSource("// It tells.\nwords('nobody');")).toEqual(['tells']);
  });
  test.each(pages)('%s has none of those to avoid', (page) => {
    expect(found(read(page))).toEqual([]);
  });
  test.each(sources)('%s has none of those to avoid', (source) => {
    expect(foundInSource(read(source))).toEqual([]);
  });
  test.each(tests)('the titles of %s have none', (path) => {
    expect(found(titlesOf(read(path)))).toEqual([]);
  });
  test('the help of each verb has none', async () => {
    const cwd = tempDir();
    const helpOf = async (...words: string[]) => `${(await makinaImage(cwd, [...words, '--help'])).stdout}`;
    const all = await helpOf();
    const verbs = [...all.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map(([, verb = '']) => verb);
    expect([verbs.length > 12, found(all)]).toEqual([true, []]);
    const helps = await Promise.all(verbs.map((verb) => helpOf(verb)));
    for (const [index, help] of helps.entries()) expect([verbs[index], found(help)]).toEqual([verbs[index], []]);
  });
});
