import { tmpdir } from 'node:os';
import { conflictMode } from '../conflict-mode.ts';
import { ALLOW_DIRTY, ALLOW_DOWNGRADE, CONFLICT, DRY_RUN } from '../flags.ts';
import { type Flag, isOn, single } from '../lib/answers/flags.ts';
import { colourDiff } from '../lib/diff/changes.ts';
import { previewUpgrade } from '../lib/preview.ts';
import { CODE, type Report } from '../lib/report.ts';
import { statOf, told } from '../lib/summary.ts';
import { check as checked, diff as compared, type Options, upgrade as upgraded } from '../lib/upgrade.ts';
import { lookOf } from '../terminal.ts';
import type { CommandLine } from './command-line.ts';
import { tellSentence } from './errors.ts';
import { print, write } from './print.ts';
import { eachProject, folders } from './projects.ts';
import { tell, tellLeftAlone } from './tell.ts';
import type { Verb } from './verb.ts';

type Flags = CommandLine['flags'];

const JSON_FLAG: Flag = { flag: 'json', description: 'one line of JSON for each project' };
const FOLDERS =
  'DIR is a project, a glob pattern, or - for a list of projects on standard input; this folder if not given.';

/** `makina-image check [DIR...]` */
export const check: Verb = {
  words: '[DIR...]',
  names: 'folder',
  about: `${FOLDERS}\nExit code 0: in sync, 1: error, 2: would change, 3: would conflict. Writes nothing.`,
  flags: [JSON_FLAG, ALLOW_DOWNGRADE],
  run: async ({ flags, words }) => {
    const settings = options(flags, 'abort');
    const act = (root: string) => checked(root, settings);
    process.exitCode = await eachProject(await folders(words), act, teller(flags), isOn(flags, 'verbose'));
  },
};

/** `makina-image diff [DIR...]` */
export const diff: Verb = {
  words: '[DIR...]',
  names: 'folder',
  about: `${FOLDERS}\nPrints what upgrade would do as a diff that git apply takes. Exit codes as check.`,
  flags: [{ flag: 'stat', description: 'how many lines change in each file' }, CONFLICT, JSON_FLAG, ALLOW_DOWNGRADE],
  run: async ({ flags, words }) => {
    const settings = options(flags, single(flags, 'conflict') ?? 'markers');
    const act = (root: string) => {
      const { report, text, stat } = compared(root, settings);
      if (!isOn(flags, 'json')) write(1, isOn(flags, 'stat') ? statOf(stat) : colourDiff(text, lookOf(1)));
      return report;
    };
    const tellOne = isOn(flags, 'json') ? teller(flags) : tellReportError;
    process.exitCode = await eachProject(await folders(words), act, tellOne, isOn(flags, 'verbose'));
  },
};

/** `makina-image upgrade [DIR...]` */
export const upgrade: Verb = {
  words: '[DIR...]',
  names: 'folder',
  about: `${FOLDERS}\nExit code 0: done, 1: error (nothing written), 3: conflicts.`,
  flags: [
    CONFLICT,
    DRY_RUN,
    { flag: 'detailed-exitcode', description: '2 when something was changed' },
    ALLOW_DIRTY,
    JSON_FLAG,
    ALLOW_DOWNGRADE,
  ],
  run: async ({ flags, words }) => {
    const dryRun = isOn(flags, 'dry-run');
    const settings = { ...options(flags, single(flags, 'conflict')), dryRun, allowDirty: isOn(flags, 'allow-dirty') };
    if (dryRun && !isOn(flags, 'json')) {
      const { seen, conflict } = settings;
      settings.seen = (examined) => {
        seen?.(examined);
        print(previewUpgrade(examined, conflict, lookOf(1), isOn(flags, 'verbose')));
      };
    }
    const act = (root: string) => withExit(upgraded(root, settings), isOn(flags, 'detailed-exitcode'));
    const tellOne = dryRun && !isOn(flags, 'json') ? tellReportError : teller(flags);
    process.exitCode = await eachProject(await folders(words), act, tellOne, isOn(flags, 'verbose'));
  },
};

function options(flags: Flags, conflict: string | undefined): Options {
  return {
    conflict: conflictMode(conflict),
    scratch: tmpdir(),
    allowDowngrade: isOn(flags, 'allow-downgrade'),
    seen: (examined) => tellLeftAlone(flags, examined),
  };
}

/** That something was changed is an exit code of its own only where that was asked for. */
function withExit(report: Report, detailed: boolean): Report {
  if (report.result !== 'changed' && report.result !== 'would-change') return report;
  return { ...report, exit: detailed ? CODE.change : CODE.inSync };
}

function teller(flags: Flags): (report: Report) => void {
  if (isOn(flags, 'json')) return (report) => print(JSON.stringify(report));
  return (report) => {
    if (report.error) tellSentence(report.error);
    else tell(flags, told(report), report.result === 'conflicts');
  };
}

function tellReportError({ error }: Report): void {
  if (error) tellSentence(error);
}
