// `npm run bench`: ratios of whole commands, run in turn in one go; absolute times of a shared machine mean little.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
const root = fileURLToPath(new URL('../..', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'makina-image-bench-'));
const isRoot = process.getuid() === 0;
if (isRoot) chownSync(home, 1000, 1000);
chmodSync(home, 0o755);
// yo refuses root; every command runs as the same ordinary user.
const user = isRoot ? ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'] : [];

const COMMANDS = {
  'node -e 0': ['node', '-e', '0'],
  'makina-image new --yes': ['node', join(root, 'dist/makina-image.cjs'), 'new', 'demo', '--yes'],
  'yo makina-image --yes': ['node', join(root, 'node_modules/.bin/yo'), 'makina-image', 'demo', '--yes'],
};
const GOALS = [
  ['makina-image new --yes', 'node -e 0', 'at most', 2],
  ['yo makina-image --yes', 'makina-image new --yes', 'at least', 8],
];

/** Milliseconds of wall time that one run of a command takes in an empty folder. */
function time(command) {
  const cwd = join(home, 'work');
  spawnSync(user[0] ?? 'mkdir', [...user.slice(1), ...(isRoot ? ['mkdir'] : []), cwd]);
  const [file, ...args] = [...user, ...command];
  const start = performance.now();
  const { status, stderr } = spawnSync(file, args, { cwd, env: { ...process.env, HOME: home, CI: '1' } });
  const taken = performance.now() - start;
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
  rmSync(cwd, { recursive: true });
  return taken;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  const times = Object.fromEntries(Object.keys(COMMANDS).map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round++)
    for (const [name, command] of Object.entries(COMMANDS)) {
      const taken = time(command);
      if (round >= 0) times[name].push(taken);
    }
  for (const [name, values] of Object.entries(times))
    console.log(`${name}: median ${median(values).toFixed(0)} ms of ${ROUNDS}`);
  for (const [name, other, bound, goal] of GOALS) {
    const ratio = median(times[name].map((value, round) => value / times[other][round]));
    console.log(`${name} / ${other}: ${ratio.toFixed(2)} (goal: ${bound} ${goal})`);
  }
} finally {
  rmSync(home, { recursive: true });
}
