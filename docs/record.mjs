// `npm run docs:recording`: types a session into a real shell on a real pseudo-terminal, and writes it as docs/recording.svg, and its last screen
// as docs/recording-still.svg.
// The one thing that is changed of what it prints is the temporary folder, which is shown as /home/me.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';
import { drawing } from './recording/drawing.mjs';
import { rowsOf } from './recording/rows.mjs';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const SIZE = { cols: 96, rows: 24 };
/** What is typed, each after the text it waits for has been printed. */
const SESSION = [
  ['$ ', 'makina-image new shop'],
  ['What do you start with?', ''],
  ['What is it, in one line?', 'The shop'],
  ['Write this?', ''],
  ['$ ', "cd shop && makina-image circus-program worker --cmd 'celery -A shop worker'"],
  ['$ ', "echo '# an edit of mine' >> compose.yaml && makina-image new --publish 9000 --yes"],
  ['$ ', "grep -nE '9000|mine' compose.yaml && makina-image check"],
  ['$ ', ''],
];
const KEY = 0.045;
/** Seconds: no pause is longer than the first, a frame is shown for at least the second, the last frame for the third. */
const [PAUSE, FRAME, LAST] = [1.4, 0.13, 4];

const home = mkdtempSync(join(tmpdir(), 'makina-image-recording-'));
try {
  const chunks = await record(home);
  const shown = await frames(chunks);
  writeFileSync(join(checkout, 'docs/recording.svg'), drawing(shown, SIZE, LAST));
  // For readers who prefer less motion: the picture cannot find that out.
  writeFileSync(join(checkout, 'docs/recording-still.svg'), drawing(shown.slice(-1), SIZE, LAST));
} finally {
  rmSync(home, { recursive: true });
}

/** Types the session. Returns what the terminal got, as `{at, text}`, `at` in seconds. */
async function record(folder) {
  const bin = `node '${join(checkout, 'dist/makina-image.cjs')}'`;
  const command = `makina-image() { ${bin} "$@"; }`;
  const rc = `stty cols ${SIZE.cols} rows ${SIZE.rows}; PS1='$ '; unset CI; bind 'set enable-bracketed-paste off'; ${command}\n`;
  writeFileSync(join(folder, '.rc'), rc);
  const shell = spawn('script', ['-qefc', `bash --noprofile --rcfile '${folder}/.rc' -i`, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, npm_command: '', HOME: folder, TERM: 'xterm-256color' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const chunks = [];
  let unread = '';
  shell.stdout.setEncoding('utf8').on('data', (text) => {
    chunks.push({ at: performance.now() / 1000, text: text.replaceAll(folder, '/home/me') });
    unread += text;
  });
  for (const [prompt, words] of SESSION) {
    for (let tries = 0; !unread.includes(prompt); tries += 1) {
      if (tries > 400) {
        shell.kill();
        throw new Error(`the terminal never showed ${JSON.stringify(prompt)}, but ${JSON.stringify(unread)}`);
      }
      await sleep(50);
    }
    // A question is drawn before its keys are read.
    await sleep(800);
    unread = '';
    for (const key of words) {
      shell.stdin.write(key);
      await sleep(KEY * 1000);
    }
    await sleep(300);
    unread = '';
    if (words || prompt !== '$ ') shell.stdin.write('\r');
  }
  const printed = [...chunks];
  shell.stdin.end('\x04');
  return printed;
}

/** The screens that were shown, as `{at, rows}` without long pauses. */
async function frames(chunks) {
  const terminal = new xterm.Terminal({ ...SIZE, allowProposedApi: true });
  const shown = [];
  let clock = 0;
  for (const [index, { at, text }] of chunks.entries()) {
    await new Promise((done) => {
      terminal.write(text, done);
    });
    const next = chunks[index + 1];
    const wait = next ? Math.min(next.at - at, PAUSE) : 0;
    const since = shown.at(-1)?.until ?? 0;
    clock += wait;
    // Keys that follow each other fast share a frame.
    if (clock - since < FRAME && next) continue;
    shown.push({ at: since, until: clock, rows: rowsOf(terminal, SIZE) });
  }
  return shown;
}
