import { tmpdir } from 'node:os';
import { conflictMode } from '../conflict-mode.ts';
import { single } from '../lib/answers/flags.ts';
import { CODE, type Report } from '../lib/report.ts';
import { statOf, told } from '../lib/summary.ts';
import { check, diff, type Options, upgrade } from '../lib/upgrade.ts';
import { type CommandLine, parseCommandLine } from './command-line.ts';
import { print } from './print.ts';
import { eachProject, folders } from './projects.ts';

type Flags = CommandLine['flags'];
const on = (flags: Flags, flag: string) => flags[flag]?.at(-1) === true;

/** `makina-image check [DIR...]` */
export async function runCheck(args: string[]): Promise<void> {
  const { flags, words } = parseCommandLine('check', args, [], ['json', 'allow-downgrade', 'help']);
  if (flags.help) return (await import('./help.ts')).printCheckHelp();
  const tell = teller(flags);
  const settings = options(flags, 'abort');
  process.exitCode = await eachProject(await folders(words), (root) => check(root, settings), tell);
}

/** `makina-image diff [DIR...]` */
export async function runDiff(args: string[]): Promise<void> {
  const { flags, words } = parseCommandLine('diff', args, ['conflict'], ['json', 'stat', 'allow-downgrade', 'help']);
  if (flags.help) return (await import('./help.ts')).printDiffHelp();
  const settings = options(flags, single(flags, 'conflict') ?? 'markers');
  const act = (root: string) => {
    const { report, text, stat } = diff(root, settings);
    if (!on(flags, 'json')) process.stdout.write(on(flags, 'stat') ? statOf(stat) : text);
    return report;
  };
  const tell = on(flags, 'json') ? teller(flags) : tellError;
  process.exitCode = await eachProject(await folders(words), act, tell);
}

/** `makina-image upgrade [DIR...]` */
export async function runUpgrade(args: string[]): Promise<void> {
  const switches = ['json', 'dry-run', 'detailed-exitcode', 'allow-dirty', 'allow-downgrade', 'help'];
  const { flags, words } = parseCommandLine('upgrade', args, ['conflict'], switches);
  if (flags.help) return (await import('./help.ts')).printUpgradeHelp();
  const settings = {
    ...options(flags, single(flags, 'conflict')),
    dryRun: on(flags, 'dry-run'),
    allowDirty: on(flags, 'allow-dirty'),
  };
  const act = (root: string) => withExit(upgrade(root, settings), on(flags, 'detailed-exitcode'));
  process.exitCode = await eachProject(await folders(words), act, teller(flags));
}

function options(flags: Flags, conflict: string | undefined): Options {
  return { conflict: conflictMode(conflict), scratch: tmpdir(), allowDowngrade: on(flags, 'allow-downgrade') };
}

/** That something was changed is an exit code of its own only where that was asked for. */
function withExit(report: Report, detailed: boolean): Report {
  if (report.result !== 'changed' && report.result !== 'would-change') return report;
  return { ...report, exit: detailed ? CODE.change : CODE.inSync };
}

function teller(flags: Flags): (report: Report) => void {
  if (on(flags, 'json')) return (report) => print(JSON.stringify(report));
  return (report) => (report.error ? tellError(report) : print(told(report)));
}

function tellError({ error }: Report): void {
  if (error) console.error(`makina-image: ${error}`);
}
