// Cold commands in turn: the same pending upgrade from the same start, round by round.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { environment, makeRepository, median } from './command.mjs';
import { bin, edit, newProject, raisedPackage } from './project.mjs';
import { tree } from './tree.mjs';

/** Milliseconds of wall time, and the exit code. */
export function time([file, ...args], options) {
  const start = performance.now();
  const { status, stderr } = spawnSync(file, args, { ...options, env: environment(options.env), encoding: 'utf8' });
  return { taken: performance.now() - start, status, stderr };
}

/** A project of ours and one of another tool, each with three files edited. */
function starts(scratch, others) {
  const own = join(scratch, 'own');
  newProject(own, 'demo');
  edit(own);
  makeRepository(own, 'edited');
  return [
    own,
    ...others.map(({ pristine, name }) => {
      const folder = join(scratch, name.split(' ')[0]);
      cpSync(pristine, folder, { recursive: true });
      const project = tree(folder);
      project.change('Dockerfile', 'ENV SETTING_1=', 'ENV MINE=1\nENV SETTING_1=');
      project.change('launch.sh', 'set -e\n', 'set -e\nset -u\n');
      project.change('pillar/20.sls', '  workers: 2', '  workers: 3');
      makeRepository(folder, 'edited');
      return folder;
    }),
  ];
}

/**
 * @param copier, cruft tools that the scoreboard started
 * @returns the median of each command, and of the ratio of two round by round
 */
export function coldCommands(scratch, rounds, copier, cruft) {
  const next = raisedPackage(join(scratch, 'next'));
  const [own, ofCopier, ofCruft] = starts(scratch, [copier, cruft]);
  // What each says while an upgrade is pending.
  const commands = {
    'node -e 0': [['node', '-e', '0'], own, 0],
    'makina-image check': [['node', next, 'check'], own, 2],
    'makina-image check, in sync': [['node', bin, 'check'], own, 0],
    'copier check-update': [copier.check, ofCopier, 0],
    'cruft check': [cruft.check, ofCruft, 1],
    'makina-image upgrade': [['node', next, 'upgrade'], own, 0],
    'copier update': [copier.upgrade, ofCopier, 0],
    'cruft update': [cruft.upgrade, ofCruft, 0],
  };
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  const work = join(scratch, 'work');
  for (let round = -1; round < rounds; round++)
    for (const [name, [command, start, expected]] of Object.entries(commands)) {
      cpSync(start, work, { recursive: true, preserveTimestamps: true });
      // The copies are new to git, which would look at each file again.
      spawnSync('git', ['status'], { cwd: work, env: environment() });
      const { taken, status, stderr } = time(command, { cwd: work });
      if (status !== expected) throw new Error(`${name} ended with ${status}: ${stderr}`);
      rmSync(work, { recursive: true });
      if (round >= 0) times[name].push(taken);
    }
  return {
    next,
    medians: Object.entries(times).map(([name, values]) => [name, median(values)]),
    ratio: (slow, fast) => median(times[slow].map((value, round) => value / times[fast][round])),
  };
}
