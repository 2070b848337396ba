/**
 * Looks at the built site as a reader would: serves docs/.site on loopback and opens every page in Chromium, on a wide and a narrow
 * screen. Fails for a link or an anchor that leads nowhere, a word on the console, a page that scrolls sideways. Screenshots are in
 * .cache/screenshots. Needs Debian's package chromium; CHROMIUM names another one.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { createReport } from '../e2e/report.mjs';
import { checkout } from './blocks.mjs';

const SITE = join(checkout, 'docs/.site');
const SCREENSHOTS = join(checkout, '.cache/screenshots');
const WIDTHS = [1280, 390];
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};

/** Serves the site as any server of static files does, with `/page` for `/page.html`. */
function serve() {
  const server = createServer((request, response) => {
    const file = fileAt(new URL(request.url, 'http://site').pathname);
    response.writeHead(file ? 200 : 404, { 'content-type': TYPES[extname(file ?? '')] ?? 'application/octet-stream' });
    response.end(file && readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function fileAt(pathname) {
  const path = join(SITE, decodeURIComponent(pathname));
  return [path, `${path}.html`, join(path, 'index.html')].find((each) => existsSync(each) && statSync(each).isFile());
}

/** A tab; `wrong` gets what its pages have to complain of. */
async function openTab(browser) {
  const page = await browser.newPage({ reducedMotion: 'reduce' });
  const wrong = [];
  page.on(
    'console',
    (message) => ['error', 'warning'].includes(message.type()) && wrong.push(`console: ${message.text()}`),
  );
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('response', (response) => response.status() >= 400 && wrong.push(`${response.status()} ${response.url()}`));
  return { page, wrong };
}

/** Opens a page in a tab; returns what is wrong with it, its links, and the anchors it has. */
async function look({ page, wrong }, url) {
  wrong.length = 0;
  await page.goto(url, { waitUntil: 'load' });
  // The theme takes the page over, and may have something to say about it.
  await page.waitForTimeout(150);
  const found = await page.evaluate(() => ({
    links: [...document.querySelectorAll('a[href]')].map((link) => link.href),
    anchors: [...document.querySelectorAll('[id]')].map(({ id }) => id),
    images: [...document.querySelectorAll('img')]
      .filter(({ complete, naturalWidth }) => !complete || naturalWidth === 0)
      .map(({ src }) => src),
    unnamed: [...document.querySelectorAll('img:not([alt])')].map(({ src }) => src),
    headings: document.querySelectorAll('h1').length,
  }));
  if (found.headings !== 1) wrong.push(`it has ${found.headings} first headings`);
  wrong.push(
    ...found.images.map((src) => `no picture: ${src}`),
    ...found.unnamed.map((src) => `a picture without words: ${src}`),
  );
  const name = new URL(url).pathname.replace(/^\/|\.html$/g, '').replaceAll('/', '-') || 'index';
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (overflow > 0) wrong.push(`it scrolls sideways by ${overflow} px on a screen of ${width} px`);
    await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}.png`), fullPage: true });
  }
  return { ...found, wrong: [...wrong] };
}

/** A text typed into the search finds its page. */
async function search(browser, origin) {
  const page = await browser.newPage();
  await page.goto(origin, { waitUntil: 'networkidle' });
  await page.click('.VPNavBarSearch button');
  await page.fill('.VPLocalSearchBox input', 'graceful_timeout');
  await page.waitForSelector('.VPLocalSearchBox .result', { timeout: 10_000 });
  const first = await page.locator('.VPLocalSearchBox .result').first().getAttribute('href');
  await page.close();
  assert.match(first, /\/docs\//);
  return first;
}

/** What is wrong with the links of a page. Links out of the site are looked at for their form alone. */
function brokenLinks({ links }, origin, anchorsOf) {
  return [...new Set(links)].flatMap((link) => {
    const url = new URL(link);
    if (url.origin !== origin)
      return /^(https?:\/\/[\w.-]+(:\d+)?(\/\S*)?|mailto:\S+@\S+)$/.test(link) ? [] : [`no link: ${link}`];
    if (!fileAt(url.pathname)) return [`leads nowhere: ${link}`];
    const anchors = anchorsOf.get(fileAt(url.pathname));
    const anchor = decodeURIComponent(url.hash.slice(1));
    return !anchor || !anchors || anchors.includes(anchor) ? [] : [`no such anchor: ${link}`];
  });
}

async function main() {
  const interruption = new AbortController();
  process.on('SIGINT', () => interruption.abort(new Error('interrupted')));
  const { step, needed, summary } = createReport(interruption.signal);
  rmSync(SCREENSHOTS, { recursive: true, force: true });
  mkdirSync(SCREENSHOTS, { recursive: true });
  const server = await serve();
  const origin = `http://127.0.0.1:${server.address().port}`;
  let browser;
  try {
    browser = await needed('Chromium starts', () =>
      chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] }),
    );
    const paths = readdirSync(SITE, { recursive: true, encoding: 'utf8' }).filter(
      (path) => path.endsWith('.html') && path !== '404.html',
    );
    const pages = [];
    const left = paths.toSorted();
    const lookAtSome = async () => {
      const tab = await openTab(browser);
      for (let path = left.shift(); path; path = left.shift())
        await step(path, async () => {
          const seen = await look(tab, `${origin}/${path}`);
          pages.push({ path, ...seen });
          assert.deepEqual(seen.wrong, []);
        });
    };
    await Promise.all([lookAtSome(), lookAtSome()]);
    const anchorsOf = new Map(pages.map(({ path, anchors }) => [join(SITE, path), anchors]));
    for (const page of pages)
      await step(`the links of ${page.path}`, () => {
        assert.deepEqual(brokenLinks(page, origin, anchorsOf), []);
        return `${page.links.length} links`;
      });
    await step('the sidebar has every page', () => {
      const { links } = pages[0];
      const missing = paths.filter(
        (path) => !links.some((link) => fileAt(new URL(link).pathname) === join(SITE, path)),
      );
      assert.deepEqual(missing, []);
    });
    await step('the search finds a word', () => search(browser, origin));
  } catch (error) {
    console.log(`stopped: ${error.message}`);
  } finally {
    await browser?.close();
    server.close();
  }
  return summary();
}

process.exitCode = await main();
