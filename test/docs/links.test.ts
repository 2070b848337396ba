import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { pages } from './blocks.mjs';

const read = (page: string) => readFileSync(join(packageRoot, page), 'utf8').replace(/^ *```[\s\S]*?^ *```$/gm, '');

/** The anchors that GitHub, and the site, give the headings of a page. */
function anchorsOf(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
    text.replace(/`|\]\([^)]*\)|\[/g, ''),
  );
  return headings.map((text) =>
    text
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each([...pages(), 'CHANGELOG.md'])('the links of %s lead somewhere', (page) => {
  const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(
    ([, link, src]) => link ?? src,
  );
  const broken = targets.filter((target = '') => {
    if (/^https?:\/\/[\w.-]+/.test(target)) return false;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    return !existsSync(join(packageRoot, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test('docs/README.md names every page once', () => {
  const named = [...read('docs/README.md').matchAll(/\]\(([^)#]+)\.md\)/g)].map(([, path]) => `docs/${path}.md`);
  const all = pages().filter((page) => !page.endsWith('README.md'));
  expect(named.filter((page) => page.startsWith('docs/') && !page.includes('..')).sort()).toEqual(all.sort());
});
