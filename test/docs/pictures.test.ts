import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { svg } from '../../docs/diagram.mjs';
import { packageRoot } from '../../generators/lib/package.ts';

const read = (path: string) => readFileSync(join(packageRoot, path), 'utf8');

test('docs/architecture.svg is what its source gives; npm run docs:diagram draws it anew', () =>
  expect(read('docs/architecture.svg')).toBe(svg));

describe('docs/recording.svg', () => {
  const recording = read('docs/recording.svg');
  test('is light, whole in itself, and still for who wants less motion', () => {
    expect(recording.length).toBeLessThan(200_000);
    expect(recording.match(/(href|src)="(?!#)|url\(|<script/g)).toBeNull();
    expect(recording).toMatch(/@media \(prefers-reduced-motion:reduce\)\{\.strip\{animation:none;/);
  });
  test('ends with the screen of recording-still.svg', () => {
    const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
    const still = texts(read('docs/recording-still.svg'));
    expect(still.length).toBeGreaterThan(5);
    expect(texts(recording)).toEqual(expect.arrayContaining(still));
  });
  test('lasts 15 to 30 seconds', () => {
    const seconds = Number(/animation:play ([\d.]+)s/.exec(recording)?.[1]);
    expect(seconds).toBeGreaterThan(15);
    expect(seconds).toBeLessThan(30);
  });
  test('shows commands that worked', () => {
    expect(recording).toContain('makina-image new shop');
    expect(recording).toContain('in sync');
    expect(recording).not.toMatch(/makina-image: |rror|not found/);
  });
});
