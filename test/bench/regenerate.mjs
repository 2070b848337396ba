// `npm run bench:regenerate`: projects brought to a new version of their template, by us and by others. ONLY=many leaves
// the others out, and needs no network.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setHome } from './regenerate/command.mjs';
import { install, NODE, PYTHON } from './regenerate/install.mjs';
import { manyProjects } from './regenerate/many.mjs';
import { raisedPackage } from './regenerate/project.mjs';
import { scoreboard, table } from './regenerate/scoreboard.mjs';
import { coldCommands } from './regenerate/speed.mjs';
import { copier } from './regenerate/tools/copier.mjs';
import { cruft } from './regenerate/tools/cruft.mjs';
import { ours } from './regenerate/tools/ours.mjs';
import { projen } from './regenerate/tools/projen.mjs';
import { yeoman } from './regenerate/tools/yeoman.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
const PROJECTS = Number(process.env.PROJECTS ?? 1000);
const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'makina-image-bench-'));
const say = (line) => console.log(line);
const goal = (what, value, bound, limit, unit = '') => {
  const isMet = bound === 'at least' ? value >= limit : value <= limit;
  say(`${isMet ? 'met   ' : 'missed'} ${what}: ${value.toFixed(2)}${unit} (goal: ${bound} ${limit}${unit})`);
};

const NOTES = `
Each tool gets the same 39 files, goes from version 1 to 2, and is called as a CI would. Ours is the real bin, built with
this template in the place of its own ("upgrade" leaves all as it is where there is a conflict). kept: the edit is in the project.
merged: so is the template's change. told: the output names the file with a word of trouble. The number is the exit code.
Right: kept, and what was not merged is told or gives an exit code, and what was lost can be had back.
copier prints nothing of a conflict, it leaves the file unmerged in git's index, which is not counted as told.
--force of Yeoman and synth of projen overwrite by design.
`;

function tellMany({ files, inSync, pending, upgrade, noOp, touched }) {
  const each = ({ each, ratio, beside, total, memory, children }) =>
    `${each.toFixed(2)} ms each, ${ratio.toFixed(3)} of a bare start of node, ${beside.toFixed(2)} of 0.2.0; ${(total / 1000).toFixed(1)} s, ${memory.toFixed(0)} MB, ${children} children`;
  say(
    `\n${PROJECTS} real projects, each with ${files} files that are kept up to date, in one process; of ten one has a conflict and three have three edits`,
  );
  say(`check, in sync: ${each(inSync)}`);
  say(`check, an upgrade pending: ${each(pending)}`);
  say(`upgrade, with fsync: ${each(upgrade)}`);
  say(`upgrade again, nothing to do: ${each(noOp)}`);
  say(`how the writes of the latter were counted: inode and time of each file${touched.calls ? ', and strace' : ''}`);
  for (const call of touched.calls?.slice(0, 20) ?? []) say(`  ${call}`);
  goal('check beside 0.2.0', inSync.beside, 'at most', 0.45);
  goal('upgrade beside 0.2.0', upgrade.beside, 'at most', 0.4);
  goal('most memory', Math.max(...[inSync, pending, upgrade, noOp].map(({ memory }) => memory)), 'at most', 200, ' MB');
  goal('files touched by an upgrade with nothing to do', touched.files.length, 'at most', 0);
  if (touched.calls) goal('system calls of it that write or start a process', touched.calls.length, 'at most', 0);
  goal('children of it', noOp.children, 'at most', 0);
}

/** Installs the others, and compares what becomes of edits and how long cold commands take. @returns the bin of the next version */
async function compareWithOthers() {
  const { python, node } = install(join(root, '.cache/bench'));
  say(
    `node ${process.version}, ${Object.entries({ ...PYTHON, ...NODE })
      .map((pin) => pin.join(' '))
      .join(', ')}`,
  );
  const own = [ours('upgrade'), ours('upgrade --conflict=markers', '--conflict=markers')];
  const rivals = [copier(python), cruft(python)];
  const results = await scoreboard([...own, ...rivals, yeoman, projen(node)], scratch);
  say(NOTES + table(results).join('\n'));
  if (own.some((tool) => results.get(tool).some(({ right }) => !right))) process.exitCode = 1;

  say(`\nCold commands, three files edited, an upgrade pending; ours on a project of its own, which has more files`);
  const { medians, ratio, next } = coldCommands(scratch, ROUNDS, ...rivals);
  for (const [name, value] of medians) say(`${name}: median ${value.toFixed(0)} ms of ${ROUNDS}`);
  const faster = (slow, fast, limit) => goal(`${slow} / ${fast}`, ratio(slow, fast), 'at least', limit);
  faster('copier check-update', 'makina-image check', 4);
  faster('cruft check', 'makina-image check', 3);
  faster('copier update', 'makina-image upgrade', 5);
  return next;
}

try {
  const home = join(scratch, 'home');
  mkdirSync(home);
  setHome(home);
  const next = process.env.ONLY === 'many' ? raisedPackage(join(scratch, 'next')) : await compareWithOthers();
  tellMany(manyProjects(scratch, PROJECTS, next));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
