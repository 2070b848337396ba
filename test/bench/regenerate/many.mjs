// A thousand real projects in one process.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, median, must, run } from './command.mjs';
import { bin, edit, editInConflict, newProject } from './project.mjs';
import { time } from './speed.mjs';
import { tree } from './tree.mjs';

const METER = fileURLToPath(new URL('meter.cjs', import.meta.url));
const KINDS = 20;

/** Of ten projects one is edited in conflict and three are edited; none is in git. */
export function makeMany(folder, count) {
  mkdirSync(folder, { recursive: true });
  const kinds = Array.from({ length: Math.min(KINDS, count) }, (_, index) => {
    const kind = `${folder}-kind-${index}`;
    newProject(kind, `demo${index}`);
    if (index % 10 === 0) editInConflict(kind);
    else if (index % 10 < 4) edit(kind);
    return kind;
  });
  for (let index = 0; index < count; index++)
    must(['cp', '-a', kinds[index % kinds.length], join(folder, `p${String(index).padStart(4, '0')}`)]);
  for (const kind of kinds) rmSync(kind, { recursive: true });
}

/** Runs a verb of ours over all projects in one process. */
function overAll(program, words, folder, expected) {
  const meter = `${folder}-meter`;
  const command = ['node', '--require', METER, program, ...words, `${folder}/*`];
  const { taken, status, stderr } = time(command, { env: { METER: meter }, maxBuffer: 1 << 28 });
  if (status !== expected) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`);
  return { taken, ...JSON.parse(readFileSync(meter, 'utf8')) };
}

/** How much longer than a bare start of Node a run takes, for each project. */
function perProject(count, rounds, act) {
  const taken = [];
  const bare = [];
  let worst = { memory: 0, children: 0 };
  for (let round = 0; round < rounds; round++) {
    bare.push(time(['node', '-e', '0'], {}).taken);
    const run = act();
    taken.push(run.taken);
    worst = { memory: Math.max(run.memory, worst.memory), children: Math.max(run.children, worst.children) };
  }
  const rest = median(taken) - median(bare);
  return { ...worst, total: median(taken), each: rest / count, ratio: rest / count / median(bare) };
}

/** @param next the bin of the next version */
export function manyProjects(scratch, count, next) {
  const folder = join(scratch, 'many');
  makeMany(folder, count);
  const inSync = perProject(count, 5, () => overAll(bin, ['check'], folder, 0));
  const pending = perProject(count, 3, () => overAll(next, ['check'], folder, 3));
  const upgrade = perProject(count, 1, () => overAll(next, ['upgrade', '--conflict=markers'], folder, 3));
  const noOp = perProject(count, 3, () => overAll(next, ['upgrade', '--conflict=markers'], folder, 3));
  const manifest = JSON.parse(readFileSync(join(folder, 'p0000/.makina-image/manifest.json'), 'utf8'));
  const files = Object.keys(manifest.files).length;
  return { files, inSync, pending, upgrade, noOp, touched: touchedByNoOp(scratch, folder, next) };
}

const CHANGING =
  /^(?:\d+ +)?(?:execve|fork|vfork|clone3?|openat?|creat|rename\w*|unlink\w*|mkdir\w*|rmdir|link\w*|symlink\w*|f?chmod\w*|truncate|ftruncate|utimens\w*|mknod\w*|fsync|fdatasync)\(/;
const READING = /\bO_RDONLY\b(?!.*\b(O_CREAT|O_TRUNC)\b)|CLONE_THREAD/;
/** Not ours: the terminal and the null device that Node opens. */
const DEVICE = /"\/dev\/|"\/proc\//;

/** What `upgrade` touches where nothing is to be done: inodes and times of the files, and its system calls. */
function touchedByNoOp(scratch, folder, next) {
  const some = join(scratch, 'some');
  mkdirSync(some);
  for (let index = 0; index < 40; index++)
    cpSync(join(folder, `p${String(index).padStart(4, '0')}`), join(some, `p${index}`), { recursive: true });
  const before = tree(some).times();
  const words = ['node', next, 'upgrade', '--conflict=markers', `${some}/*`];
  const log = join(scratch, 'strace');
  const hasStrace = run(['sh', '-c', 'command -v strace']).status === 0;
  const tracing = hasStrace ? ['strace', '-f', '-o', log, '-e', 'trace=file,process,desc', '-e', 'signal=none'] : [];
  const [file, ...args] = [...tracing, ...words];
  spawnSync(file, args, { env: environment() });
  const after = tree(some).times();
  const files = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  if (!hasStrace) return { files, calls: undefined };
  const calls = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => CHANGING.test(line) && !READING.test(line) && !DEVICE.test(line));
  // The first one starts Node itself.
  return { files, calls: calls.slice(1) };
}
