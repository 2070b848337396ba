// A thousand real projects in one process.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, median, must, run } from './command.mjs';
import { bin, edit, editInConflict, newProject, raisedPackage, release020 } from './project.mjs';
import { time } from './speed.mjs';
import { tree } from './tree.mjs';

const METER = fileURLToPath(new URL('meter.cjs', import.meta.url));
const KINDS = 20;
/** An upgrade is done once, so its rounds are parts of the projects. */
const BATCHES = 4;

/** Of ten projects one is edited in conflict and three are edited; none is in git. */
function makeMany(folder, count, program) {
  mkdirSync(folder, { recursive: true });
  const kinds = Array.from({ length: Math.min(KINDS, count) }, (_, index) => {
    const kind = `${folder}-kind-${index}`;
    newProject(kind, `demo${index}`, program);
    if (index % 10 === 0) editInConflict(kind);
    else if (index % 10 < 4) edit(kind);
    return kind;
  });
  for (let index = 0; index < count; index++) {
    const batch = join(folder, String(Math.floor((index * BATCHES) / count)));
    mkdirSync(batch, { recursive: true });
    must(['cp', '-a', kinds[index % kinds.length], join(batch, `p${String(index).padStart(4, '0')}`)]);
  }
  for (const kind of kinds) rmSync(kind, { recursive: true });
}

/** Runs a verb over all projects that a pattern names, in one process. */
function overAll(program, words, pattern, expected) {
  const meter = join(pattern.split('/*')[0], '../meter.json');
  const command = ['node', '--require', METER, program, ...words, pattern];
  const { taken, status, stderr } = time(command, { env: { METER: meter }, maxBuffer: 1 << 28 });
  if (status !== expected) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`);
  return { taken, ...JSON.parse(readFileSync(meter, 'utf8')) };
}

/**
 * How much longer than a bare start of Node runs take, for each project, in turn.
 * @param acts what is run in each round, of this version and of others, each over `count` projects
 * @returns of each act; `beside` is the share of the first act in the last
 */
function perProject(count, rounds, acts) {
  const runs = Array.from({ length: rounds }, (_, round) => {
    const bare = time(['node', '-e', '0'], {}).taken;
    return acts.map((act) => {
      const run = act(round);
      return { ...run, bare, each: (run.taken - bare) / count };
    });
  });
  const told = acts.map((_, at) => {
    const all = runs.map((run) => run[at]);
    return {
      each: median(all.map(({ each }) => each)),
      ratio: median(all.map(({ each, bare }) => each / bare)),
      total: median(all.map(({ taken }) => taken)),
      memory: Math.max(...all.map(({ memory }) => memory)),
      children: Math.max(...all.map(({ children }) => children)),
    };
  });
  return { ...told[0], beside: median(runs.map((run) => run[0].each / run.at(-1).each)) };
}

/** @param next the bin of the next version */
export function manyProjects(scratch, count, next) {
  const own = join(scratch, 'many');
  const old = join(scratch, 'many-020');
  const package020 = release020(join(scratch, 'release'));
  const bin020 = join(package020, 'dist/makina-image.cjs');
  const next020 = raisedPackage(join(scratch, 'next-020'), package020);
  makeMany(own, count, bin);
  makeMany(old, count, bin020);
  const markers = ['upgrade', '--conflict=markers'];
  const both = (rounds, words, expected, programs, pattern = () => '*', part = 1) =>
    perProject(count / part, rounds, [
      (round) => overAll(programs[0], words, `${own}/${pattern(round)}/*`, expected),
      (round) => overAll(programs[1], words, `${old}/${pattern(round)}/*`, expected),
    ]);
  const inSync = both(5, ['check'], 0, [bin, bin020]);
  const pending = both(3, ['check'], 3, [next, next020]);
  const upgrade = both(BATCHES, markers, 3, [next, next020], String, BATCHES);
  const noOp = both(3, markers, 3, [next, next020]);
  const manifest = JSON.parse(readFileSync(join(own, '0/p0000/.makina-image/manifest.json'), 'utf8'));
  const files = Object.keys(manifest.files).length;
  return { files, inSync, pending, upgrade, noOp, touched: touchedByNoOp(scratch, join(own, '0'), next) };
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
  for (const name of readdirSync(folder).slice(0, 40))
    cpSync(join(folder, name), join(some, name), { recursive: true });
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
