// What the program `web` runs. The image gives the variables.
import { join } from 'node:path';
import { createApp } from './app.js';

const { GREETING = 'It works', DATA_DIR = '.', PORT = '8000' } = process.env;
const app = createApp({ greeting: GREETING, file: join(DATA_DIR, 'notes.jsonl') });
const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error;
});
// Answers what it has begun.
process.once('SIGTERM', () => server.close(() => process.exit()));
