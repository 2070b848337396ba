import type { ConflictMode } from '../plan/types.ts';
import { type Change, changedFiles } from '../verbs/change.ts';
import { colourDiff, diffText } from './diff.ts';
import { reportOf } from './report.ts';
import type { Style } from './style.ts';
import { conflictText, reportText } from './summary.ts';
import { tree } from './tree.ts';

/**
 * What a run would do: the tree of its files, and the differences.
 * @param all show the differences even if every file is new
 */
export function preview(change: Change, style: Style, all: boolean): string {
  const { project, plan } = change;
  const destination = project.root;
  const changes = changedFiles(change);
  const open = plan.files.filter(({ action, resolved }) => action === 'conflict' && !resolved);
  const conflicts =
    open.length > 0 ? ['', 'Conflicts:', ...open.map((file) => conflictText(destination, file, false))] : [];
  if (changes.length === 0) return [`${destination} is up to date, nothing would be written.`, ...conflicts].join('\n');
  const count = `${changes.length} ${changes.length === 1 ? 'file' : 'files'}`;
  const isNew = changes.every(({ before }) => before === undefined);
  const diff = isNew && !all ? '' : `\n\n${colourDiff(diffText(changes), style).trimEnd()}`;
  return [`${count} would be written to ${destination}:`, '', tree(plan, style), ...conflicts].join('\n') + diff;
}

/** The same for `upgrade`; the report if nothing would be written: the project is in sync, or conflicts stop the upgrade. */
export function previewUpgrade(change: Change, conflict: ConflictMode, style: Style, all: boolean): string {
  const report = reportOf(change);
  const isStopped = report.result === 'conflicts' && conflict === 'abort';
  return report.result === 'in-sync' || isStopped ? reportText(report) : preview(change, style, all);
}
