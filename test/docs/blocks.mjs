/** The command blocks of README.md and docs/: what they say, and where they are run. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The pages, by path from the checkout: README.md first. */
export function pages() {
  const below = readdirSync(join(checkout, 'docs'), { recursive: true, encoding: 'utf8' });
  const docs = below.filter((path) => path.endsWith('.md') && !path.startsWith('.')).sort();
  return ['README.md', ...docs.map((path) => `docs/${path}`)];
}

/** What a setting may say: where, and then how. */
const WHERE = ['an empty folder', 'a project', 'the same folder'];
const HOW = ['as an ordinary user', 'with Docker', 'until it serves'];
const FENCE = /^( *)```(\S+)(.*)\n([\s\S]*?)^\1```$/gm;
const COMMENT = /<!-- (run in|not run|file): (.+?) -->\n+$/;

/**
 * @typedef {object} Block
 * @property {string} where page and line, for messages
 * @property {string} text
 * @property {boolean} console whether it shows commands after `$ ` with what they print; otherwise it is a script
 * @property {string} [reason] why it is not run
 * @property {string} [folder] the folder it is run in, one of WHERE
 * @property {string[]} how words of HOW
 * @property {string} [file] the path, in the folder the blocks have come to, that the text is written to
 *
 * Every block of commands and of a file, `<!-- file: PATH -->`, of a page, in order.
 * @param {string} page its path
 * @param {string} text its text
 * @returns {Block[]}
 * @throws Error that names the block without a comment, with one that says nothing known, or in another language of a shell
 */
export function blocksOf(page, text) {
  const blocks = [];
  for (const { 1: indent, 2: language, 3: rest, 4: indented, index } of text.matchAll(FENCE)) {
    const body = indented.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    const where = `${page}:${text.slice(0, index).split('\n').length}`;
    if (/^(bash|shell|zsh|shell-session)$/.test(language))
      throw new Error(`${where}: write sh or console for ${language}`);
    const comment = COMMENT.exec(text.slice(0, index));
    if (comment?.[1] === 'file')
      blocks.push({ where, text: body, folder: 'the same folder', how: [], file: comment[2] });
    if (language !== 'sh' && language !== 'console') continue;
    if (rest) throw new Error(`${where}: nothing may stand after ${language}`);
    if (!comment) throw new Error(`${where}: say in a comment before it where it is run, or why not`);
    blocks.push({ where, text: body, console: language === 'console', ...meaning(where, comment[1], comment[2]) });
  }
  return blocks;
}

function meaning(where, kind, words) {
  if (kind === 'not run') return { reason: words, how: [] };
  const [folder, ...how] = words.split(', ');
  if (!WHERE.includes(folder) || how.some((word) => !HOW.includes(word)))
    throw new Error(`${where}: "run in" knows ${[...WHERE, ...HOW].join('; ')}; not ${words}`);
  return { folder, how };
}

/**
 * The blocks of all pages that are run, in groups: each begins in a folder of its own, and goes on in it.
 * @param {(page: string) => string} read
 * @returns {Block[][]}
 */
export function groups(read = (page) => readFileSync(join(checkout, page), 'utf8')) {
  const all = [];
  for (const page of pages()) {
    const ofPage = [];
    for (const block of blocksOf(page, read(page)).filter(({ reason }) => !reason)) {
      if (block.folder !== 'the same folder') ofPage.push([]);
      if (ofPage.length === 0) throw new Error(`${block.where}: there is no block before it`);
      ofPage.at(-1).push(block);
    }
    all.push(...ofPage);
  }
  return all;
}

/**
 * The commands of a block, each with what the block says it prints: one script without that, or each `$ ` of a console.
 * @param {Block} block
 * @returns {{script: string, printed?: string}[]}
 */
export function commandsOf(block) {
  if (block.file) return [];
  if (!block.console) return [{ script: block.text }];
  const commands = [];
  for (const line of block.text.trimEnd().split('\n')) {
    const last = commands.at(-1);
    if (line.startsWith('$ ')) commands.push({ script: `${line.slice(2)}\n`, printed: '' });
    else if (!last) throw new Error(`${block.where}: a console begins with "$ "`);
    else if (line.startsWith('> ') && last.printed === '') last.script += `${line.slice(2)}\n`;
    else last.printed += `${line}\n`;
  }
  return commands;
}

/**
 * Whether a command printed what its block says: the same lines, where a line `...` stands for any number of them.
 * @param {string} expected
 * @param {string} printed
 * @param {string} folder the folder the group was begun in, `/home/me` in the docs
 */
export function agrees(expected, printed, folder) {
  const lines = trimmed(expected).map((line) =>
    line === '...' ? '(?:.*\\n)*?' : `${literal(line.replaceAll('/home/me', folder))}\\n`,
  );
  return new RegExp(`^${lines.join('')}$`).test(
    trimmed(printed)
      .map((line) => `${line}\n`)
      .join(''),
  );
}
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const trimmed = (text) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trimEnd());
