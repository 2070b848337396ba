// A small Express application: a greeting, and notes that the data volume keeps.
import { appendFile, readFile } from 'node:fs/promises';
import express from 'express';

/** The application; `file` has a note on each line. */
export function createApp({ greeting, file }) {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', 'loopback');

  app.get('/', async (_, response) => {
    const notes = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean).reverse();
    response.send(page(greeting, notes.slice(0, 20).map((line) => JSON.parse(line))));
  });

  app.post('/', express.urlencoded({ extended: false }), async (request, response) => {
    const text = String(request.body?.text ?? '').trim();
    if (text.length < 1 || text.length > 200) return response.status(400).send('a note has 1 to 200 characters\n');
    await appendFile(file, `${JSON.stringify(text)}\n`);
    response.redirect(303, '/');
  });

  return app;
}

function page(greeting, notes) {
  return `<!doctype html>
<html lang="en">
<title>${html(greeting)}</title>
<link rel="stylesheet" href="/static/style.css">
<h1>${html(greeting)}</h1>
<form method="post">
  <input name="text" maxlength="200" required aria-label="Note">
  <button>Leave a note</button>
</form>
<ul>
${notes.map((note) => `  <li>${html(note)}</li>\n`).join('')}</ul>
</html>
`;
}

const NAMES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const html = (text) => text.replace(/[&<>"]/g, (letter) => NAMES[letter]);
