// `npm run bench`: ratios of whole commands, run in turn in one go; absolute times of a shared machine mean little.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './regenerate/command.mjs';
import { install } from './regenerate/install.mjs';
import { NODE, PYTHON, rivals } from './rivals.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = ['node', join(root, 'dist/makina-image.cjs')];
const home = mkdtempSync(join(tmpdir(), 'makina-image-bench-'));
const isRoot = process.getuid() === 0;
if (isRoot) chownSync(home, 1000, 1000);
chmodSync(home, 0o755);
// yo refuses root; every command runs as the same ordinary user.
const user = isRoot ? ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'] : [];
// It makes the start of Node itself three times as long.
const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
const env = { ...inherited, HOME: home, CI: '1' };

const GOALS = [
  ['makina-image new', 'node -e 0', 'at most', 2.5],
  ['makina-image check', 'node -e 0', 'at most', 2],
  ['yo makina-image', 'makina-image new', 'at least', 8],
];

/** Runs a command. @returns milliseconds of wall time */
function time(command, cwd) {
  const [file, ...args] = [...user, ...command];
  const start = performance.now();
  const { status, stderr, stdout, error } = spawnSync(file, args, { cwd, env });
  const taken = performance.now() - start;
  if (status !== 0) throw error ?? new Error(`${command.join(' ')} ended with ${status}: ${stderr}${stdout}`);
  return taken;
}

/** A new folder for a run. Nothing is removed meanwhile: to ext4 what was just removed makes the next files dear. */
let folders = 0;
function fresh() {
  const folder = join(home, 'runs', String(folders++));
  mkdirSync(folder, { recursive: true });
  if (isRoot) chownSync(folder, 1000, 1000);
  return folder;
}

const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

try {
  const cwd = fresh();
  time([...bin, 'new', 'demo', '--yes'], cwd);
  const project = join(cwd, 'demo');
  // What our own engine keeps for the next upgrade has no like.
  const paths = filesOf(project).filter((path) => !path.startsWith('.makina-image/'));
  const others = rivals(join(home, 'templates'), project, paths, install(join(root, '.cache/bench'), PYTHON, NODE));
  for (const [name, command] of Object.entries(others)) {
    const folder = fresh();
    time(command, folder);
    const wrong = paths.filter(
      (path) => !readFileSync(join(folder, 'demo', path)).equals(readFileSync(join(project, path))),
    );
    if (wrong.length > 0) throw new Error(`${name} writes others: ${wrong.join(', ')}`);
  }
  console.log(
    `node ${process.version}, ${Object.entries({ ...NODE, ...PYTHON })
      .map((pin) => pin.join(' '))
      .join(', ')}; each writes the same ${paths.length} files`,
  );

  const commands = {
    'node -e 0': ['node', '-e', '0'],
    'makina-image new': [...bin, 'new', 'demo', '--yes'],
    'makina-image check': [...bin, 'check', project],
    ...others,
    'yo makina-image': ['node', join(root, 'node_modules/.bin/yo'), 'makina-image', 'demo', '--yes'],
  };
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round++)
    for (const [name, command] of Object.entries(commands)) {
      const taken = time(command, fresh());
      if (round >= 0) times[name].push(taken);
    }
  const ratio = (name, other) => median(times[name].map((value, round) => value / times[other][round]));
  const row = (...cells) => console.log(cells.map((cell, at) => (at ? cell.padStart(11) : cell.padEnd(18))).join(' '));
  row(`${ROUNDS} rounds`, 'median, ms', 'fastest', '/ node -e 0', '/ new');
  for (const [name, values] of Object.entries(times)) {
    const ratios = ['node -e 0', 'makina-image new'].map((other) => ratio(name, other).toFixed(2));
    row(name, median(values).toFixed(0), Math.min(...values).toFixed(0), ...ratios);
  }
  console.log('');
  for (const [name, other, bound, goal] of GOALS)
    console.log(`${name} / ${other}: ${ratio(name, other).toFixed(2)} (goal: ${bound} ${goal})`);
} finally {
  rmSync(home, { recursive: true });
}
