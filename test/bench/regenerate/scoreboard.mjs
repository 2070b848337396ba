// Plays the scenarios with a tool, and judges.
import { appendFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { commitAll, makeRepository, must } from './command.mjs';
import { scenarios } from './scenarios.mjs';
import { tree } from './tree.mjs';

/** Words that tell that something of a file was not merged. */
const TELLING =
  /conflict|reject|error|fail|not merged|would be merged|deleted-by-user|same lines|in its place|no more|already/i;

/** A project of the tool's first version, edited as the scenario says. */
function prepare(scenario, pristine, folder) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(pristine, folder, { recursive: true, preserveTimestamps: true });
  if (scenario.isCommittedLate) scenario.edit(tree(folder));
  makeRepository(folder, 'generated');
  if (scenario.isIgnored) {
    appendFileSync(join(folder, '.git/info/exclude'), `/${scenario.path}\n`);
    must(['git', 'rm', '-q', '--cached', scenario.path], { cwd: folder });
  }
  if (!scenario.isCommittedLate) scenario.edit(tree(folder));
  commitAll(folder, 'edited');
  if (!scenario.isShallow) return tree(folder);
  const clone = `${folder}-shallow`;
  rmSync(clone, { recursive: true, force: true });
  must(['git', 'clone', '-q', '--depth', '1', `file://${folder}`, clone]);
  return tree(clone);
}

/** Whether what was printed names the file together with a word of trouble. */
function reports(output, path) {
  const lines = stripVTControlCharacters(output).split('\n');
  return lines.some((line) => line.includes(path) && TELLING.test(line.replace(path, '')));
}

/** What the user committed is in git; of what is ignored a copy has to be somewhere in the tree. */
function isRecoverable(scenario, project) {
  return !scenario.isIgnored || project.anywhere('of my own');
}

function play(scenario, tool, pristine, folder) {
  const project = prepare(scenario, pristine, folder);
  let { status, output } = tool.update(project.root);
  let repeats = true;
  let rewritten = 0;
  if (scenario.isTwice) {
    commitAll(project.root, 'updated');
    const before = { state: project.state(), times: project.times() };
    const first = status;
    ({ status, output } = tool.update(project.root));
    repeats = JSON.stringify(before.state) === JSON.stringify(project.state()) && status === 0 && first === 0;
    rewritten = [...project.times()].filter(([path, time]) => before.times.get(path) !== time).length;
  }
  if (process.env.VERBOSE) console.log(`--- ${tool.name}: ${scenario.name}: ${status}\n${output}`);
  const kept = scenario.kept(project) && repeats;
  const merged = scenario.merged(project);
  const told = reports(output, scenario.path);
  // Whatever became of the edited file, a run that says 0 has brought the other changes.
  const delivered = project.has('pillar/09.sls', 'workers: 4') && project.stat('.salt/600_backup.sls') !== undefined;
  const honest = status !== 0 || ((merged || told) && delivered);
  const recoverable = kept || isRecoverable(scenario, project);
  return { kept, merged, told, status, honest, recoverable, rewritten, right: kept && honest && recoverable };
}

/** @returns the results of each tool, in the order of the scenarios */
export async function scoreboard(tools, scratch) {
  const results = new Map();
  for (const [index, tool] of tools.entries()) {
    const home = join(scratch, `tool-${index}`);
    const pristine = join(home, 'project');
    mkdirSync(home, { recursive: true });
    await tool.start(home, pristine);
    tool.pristine = pristine;
    const played = scenarios.map((scenario) => play(scenario, tool, pristine, join(home, 'work')));
    results.set(tool, played);
  }
  return results;
}

const cell = ({ kept, merged, told, status, recoverable, right }) =>
  `${right ? 'right' : 'WRONG'} (${[
    kept ? 'kept' : 'edit gone',
    merged ? 'merged' : told ? 'reported' : 'not reported',
    status,
    ...(recoverable ? [] : ['unrecoverable']),
  ].join(', ')})`;

/** The lines of a table in Markdown. */
export function table(results) {
  const tools = [...results.keys()];
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [
    row(['scenario', ...tools.map(({ name }) => name)]),
    row(['---', ...tools.map(() => '---')]),
    ...scenarios.map(({ name }, index) => row([name, ...tools.map((tool) => cell(results.get(tool)[index]))])),
    row(['right', ...tools.map((tool) => share(results.get(tool), ({ right }) => right))]),
    row([
      'not merged, with an exit code',
      ...tools.map((tool) => {
        const open = results.get(tool).filter(({ merged }) => !merged);
        return share(open, ({ status }) => status !== 0);
      }),
    ]),
    row(['files the second run rewrites', ...tools.map((tool) => results.get(tool).at(-1).rewritten)]),
  ];
}

const share = (all, is) => `${all.filter(is).length} of ${all.length}`;
