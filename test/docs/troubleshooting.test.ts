import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';

const sources = ['generators', 'templates'].flatMap((folder) =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(packageRoot, folder, path))
    .filter((path) => statSync(path).isFile())
    // Of a sentence in one or two string literals, the text alone.
    .map((path) => readFileSync(path, 'utf8').replace(/['"`]\s*\+?\s*\n?\s*f?['"`]/g, '')),
);
const page = readFileSync(join(packageRoot, 'docs/troubleshooting.md'), 'utf8');
const messages = [...page.matchAll(/```text\n([\s\S]*?)```/g)].flatMap(([, text = '']) => text.trim().split('\n'));
/** What is left of a quoted message between the parts that differ. */
const literal = (message: string) => message.split(/<[^>]+>/).filter((part) => part.trim() !== '');

describe('a message in docs/troubleshooting.md', () => {
  test('is there', () => expect(messages.length).toBeGreaterThan(30));
  test.each(messages)('is in the sources: %s', (message) => {
    const parts = literal(message);
    expect(parts.join('').length).toBeGreaterThan(8);
    expect(sources.filter((source) => parts.every((part) => source.includes(part)))).not.toEqual([]);
  });
});
