import { conflictMode } from '../conflict-mode.ts';
import { ALLOW_DIRTY, ALLOW_DOWNGRADE, CONFLICT, DRY_RUN } from '../flags.ts';
import { type Flag, isOn, single } from '../lib/answers/flags.ts';
import { colourDiff, diffText } from '../lib/output/diff.ts';
import { previewUpgrade } from '../lib/output/preview.ts';
import { CODE, type Report, reportOf } from '../lib/output/report.ts';
import { reportText, statOf } from '../lib/output/summary.ts';
import { type Change, changedFiles } from '../lib/verbs/change.ts';
import { check as checked, type UpgradeOptions, upgrade as upgraded } from '../lib/verbs/upgrade.ts';
import { styleOf } from '../terminal.ts';
import { printSentence } from './errors.ts';
import { print, printAsIs } from './print.ts';
import { eachProject, folders, foldersToRead } from './projects.ts';
import { printLeftAlone, printResult, wrote } from './result.ts';
import type { CommandLine, Verb, Wrote } from './verb.ts';

type Flags = CommandLine['flags'];

const JSON_FLAG: Flag = { flag: 'json', description: 'print one line of JSON for each project' };
const FOLDERS =
  'DIR is a project (default: this folder), a glob pattern, or - to read a list of projects from standard input.';
const BELOW = 'Without DIR, outside a project but in a git repository, it looks at all projects below this folder.';

/** `makina-image check [DIR...]` */
export const check: Verb = {
  words: '[DIR...]',
  names: 'folder',
  about: `${FOLDERS} ${BELOW}\nExit code 0: in sync, 1: error, 2: would change, 3: would conflict. Writes nothing.`,
  flags: [JSON_FLAG, ALLOW_DOWNGRADE],
  run: async ({ flags, words }, { cwd }) => {
    const settings = options(flags, 'abort');
    const act = (root: string) => reported(flags, checked(root, settings));
    process.exitCode = await eachProject(
      await foldersToRead(words, cwd),
      act,
      printerOf(flags),
      isOn(flags, 'verbose'),
    );
  },
};

/** `makina-image diff [DIR...]` */
export const diff: Verb = {
  words: '[DIR...]',
  names: 'folder',
  about: `${FOLDERS} ${BELOW}\nPrints what upgrade would do, as a diff for git apply. Exit codes are those of check.`,
  flags: [
    { flag: 'stat', description: 'show only how many lines change in each file' },
    CONFLICT,
    JSON_FLAG,
    ALLOW_DOWNGRADE,
  ],
  run: async ({ flags, words }, { cwd }) => {
    const settings = options(flags, single(flags, 'conflict') ?? 'markers');
    const act = (root: string) => {
      const change = checked(root, settings);
      const text = () => colourDiff(diffText(changedFiles(change)), styleOf(1));
      if (!isOn(flags, 'json')) printAsIs(isOn(flags, 'stat') ? statOf(change) : text());
      return reported(flags, change);
    };
    const printOne = isOn(flags, 'json') ? printerOf(flags) : printReportError;
    process.exitCode = await eachProject(await foldersToRead(words, cwd), act, printOne, isOn(flags, 'verbose'));
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
    { flag: 'detailed-exitcode', description: 'exit with 2 if something was changed' },
    ALLOW_DIRTY,
    JSON_FLAG,
    ALLOW_DOWNGRADE,
  ],
  run: async ({ flags, words }, { cwd }) => {
    const dryRun = isOn(flags, 'dry-run');
    const settings = { ...options(flags, single(flags, 'conflict')), allowDirty: isOn(flags, 'allow-dirty') };
    const isPreview = dryRun && !isOn(flags, 'json');
    const changed: Wrote[] = [];
    const act = (root: string) => {
      const change = dryRun ? checked(root, settings) : upgraded(root, settings);
      if (change.isWritten) changed.push(wrote(change));
      const report = withExit(reported(flags, change), isOn(flags, 'detailed-exitcode'));
      if (isPreview) print(previewUpgrade(change, settings.conflict, styleOf(1), isOn(flags, 'verbose')));
      return report;
    };
    const printOne = isPreview ? printReportError : printerOf(flags);
    process.exitCode = await eachProject(await folders(words, cwd), act, printOne, isOn(flags, 'verbose'));
    return changed;
  },
};

function options(flags: Flags, conflict: string | undefined): UpgradeOptions {
  return {
    conflict: conflictMode(conflict),
    allowDowngrade: isOn(flags, 'allow-downgrade'),
  };
}

function reported(flags: Flags, change: Change): Report {
  printLeftAlone(flags, change);
  return reportOf(change);
}

/** That something was changed is an exit code of its own only where that was asked for. */
function withExit(report: Report, detailed: boolean): Report {
  if (report.result !== 'changed' && report.result !== 'would-change') return report;
  return { ...report, exit: detailed ? CODE.change : CODE.inSync };
}

function printerOf(flags: Flags): (report: Report) => void {
  if (isOn(flags, 'json')) return (report) => print(JSON.stringify(report));
  return (report) => {
    if (report.error) printSentence(report.error);
    else printResult(flags, reportText(report), report.result === 'conflicts');
  };
}

function printReportError({ error }: Report): void {
  if (error) printSentence(error);
}
