// `npm run bench:stanza`: what adding a program costs in a project that has many already, as a whole command.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
const MANY = 500;
const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'dist/makina-image.cjs');
const home = mkdtempSync(join(tmpdir(), 'makina-image-bench-'));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const goal = (what, value, limit, unit = '') => {
  console.log(
    `${value <= limit ? 'met   ' : 'missed'} ${what}: ${value.toFixed(2)}${unit} (goal: at most ${limit}${unit})`,
  );
  if (value > limit) process.exitCode = 1;
};

// It makes the start of Node itself three times as long.
const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;

/** Runs Node in a folder. @returns milliseconds of wall time */
function time(cwd, ...args) {
  const start = performance.now();
  const { status, stderr } = spawnSync('node', args, { cwd, encoding: 'utf8', env: { ...inherited, CI: '1' } });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - start;
}

const programs = (count) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `program${n}`,
      { cmd: `celery -A app worker --queue ${n}`, env: { QUEUE: `queue ${n}` }, numprocesses: 2, priority: n },
    ]),
  );

/** A project without the demo, with `count` programs. */
function project(count) {
  const answers = join(home, `${count}.json`);
  writeFileSync(answers, JSON.stringify({ demo: false, programs: programs(count) }));
  time(home, bin, 'new', 'demo', '--yes', '--answers', answers, '--destination', `of${count}`);
  return join(home, `of${count}`);
}

try {
  const starts = [1, MANY].map(project);
  const times = starts.map(() => []);
  for (let round = -1; round < ROUNDS; round++)
    for (const [index, start] of starts.entries()) {
      const work = join(home, 'work');
      cpSync(start, work, { recursive: true, preserveTimestamps: true });
      const taken = time(work, bin, 'circus-program', 'worker', '--cmd', 'celery -A app worker', '--env', 'QUEUE=mail');
      if (round >= 0) times[index].push(taken);
      rmSync(work, { recursive: true });
    }
  const [few, many] = times;
  console.log(
    `adding a program, ROUNDS=${ROUNDS}: beside 1 ${median(few).toFixed(0)} ms, beside ${MANY} ${median(many).toFixed(0)} ms`,
  );
  goal(`adding a program beside ${MANY} / beside 1`, median(many.map((value, round) => value / few[round])), 3);

  const load = (path) => import(pathToFileURL(join(root, 'dist/generators/lib', path)));
  const [{ complete }, { render }] = await Promise.all([load('model/intent.js'), load('render/render.js')]);
  const start = performance.now();
  render(complete({ name: 'demo', demo: false, programs: programs(MANY) }).image);
  const taken = performance.now() - start;
  // Of a busy machine the ratio says more than the seconds.
  const bare = median(times[0].map(() => time(home, '-e', '0')));
  console.log(`checking and rendering ${MANY} programs / node -e 0: ${(taken / bare).toFixed(1)}`);
  goal(`checking and rendering ${MANY} programs`, taken / 1000, 0.5, ' s');
} finally {
  rmSync(home, { recursive: true, force: true });
}
