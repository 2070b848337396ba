// Run them with: npm test
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createApp } from './app.js';

let folder;
let server;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notes-'));
  server = createApp({ greeting: 'Hello & welcome', file: join(folder, 'notes.jsonl') }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const ask = (options) => fetch(`http://127.0.0.1:${server.address().port}/`, { redirect: 'manual', ...options });
const leave = (text) => ask({ method: 'POST', body: new URLSearchParams({ text }) });
const page = async () => (await ask()).text();

test('shows the greeting', async () => assert.match(await page(), /<h1>Hello &amp; welcome<\/h1>/));

test('keeps a note', async () => {
  assert.equal((await leave('one <note>')).status, 303);
  assert.match(await page(), /<li>one &lt;note&gt;<\/li>/);
});

test('refuses an empty note', async () => assert.equal((await leave(' ')).status, 400));
