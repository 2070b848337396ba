import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';

const checkout = new URL('../../', import.meta.url);

/** The reading order of docs/README.md, which is the one place it is written in: its groups, and the links in their lines. */
function sidebar() {
  const text = readFileSync(new URL('docs/README.md', checkout), 'utf8');
  return text
    .split(/^\*\*(?=.*\*\*$)/m)
    .slice(1)
    .map((group) => ({
      text: group.slice(0, group.indexOf('**')),
      items: [...group.matchAll(/\[([^\]]+)\]\(([^)]+)\.md\)/g)]
        .filter(([, , path]) => existsSync(new URL(`docs/${path}.md`, checkout)))
        .map(([, name, path]) => ({
          text: name[0].toUpperCase() + name.slice(1),
          link: new URL(path, 'http://site/docs/').pathname,
        })),
    }));
}

export default defineConfig({
  title: 'makina-image',
  description: 'Writes complete makina-states based Docker image projects',
  lang: 'en',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  base: '/',
  srcDir: '..',
  srcExclude: ['{templates,test,generators,dist,demo,base-image,node_modules}/**'],
  outDir: '.site',
  cacheDir: '../.cache/vitepress',
  // README.md is for GitHub, index.html for the site.
  rewrites: { 'README.md': 'index.md', 'docs/README.md': 'docs/index.md' },
  ignoreDeadLinks: 'localhostLinks',
  // What pages link to, and no page itself.
  buildEnd: ({ outDir }) => {
    for (const name of [
      'answers.schema.json',
      'doctor.schema.json',
      'metrics-dashboard.json',
      'report.schema.json',
      'test.schema.json',
    ])
      copyFileSync(new URL(`docs/${name}`, checkout), join(outDir, 'docs', name));
  },
  markdown: {
    // GitHub's anchors, so that a link to a heading works in both places.
    anchor: {
      slugify: (text) =>
        text
          .trim()
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, '')
          .replaceAll(' ', '-'),
    },
    config: (md) => {
      md.core.ruler.push('index_pages', ({ tokens }) => links(tokens));
      // The pages are text and no templates of Vue, which would read `{{`.
      for (const rule of ['code_inline', 'text']) {
        const write = md.renderer.rules[rule];
        md.renderer.rules[rule] = (...args) => write(...args).replaceAll('{{', '&#123;&#123;');
      }
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Start', link: '/' },
      { text: 'Docs', link: '/docs/' },
      { text: 'Changelog', link: '/CHANGELOG' },
    ],
    sidebar: [
      {
        text: 'Start',
        items: [
          { text: 'Overview', link: '/' },
          { text: 'All pages', link: '/docs/' },
        ],
      },
      ...sidebar(),
    ],
    docFooter: { prev: 'Before', next: 'Next' },
  },
});

/** A link to a README.md becomes one to the index page that it is on the site. */
function links(tokens) {
  for (const token of tokens) {
    if (token.children) links(token.children);
    const href = token.attrGet('href');
    if (href) token.attrSet('href', href.replace(/^((?:\.\.\/|docs\/)*)README\.md/, '$1index.md'));
  }
}
