import { recover } from './apply/transaction.ts';
import { changesOf, diffText } from './diff/changes.ts';
import { diffStat } from './diff/unified.ts';
import { EXIT, UserError } from './errors.ts';
import { isOlder, version } from './package.ts';
import type { ConflictMode } from './plan/plan.ts';
import { openProject } from './project/project.ts';
import { carryOut, type Examined, examine } from './regenerate.ts';
import { type Report, reportOf } from './report.ts';
import { asOwner } from './rights.ts';

export interface Options {
  conflict: ConflictMode;
  /** A folder for temporary files. */
  scratch: string;
  /** Go back to an older generator. */
  allowDowngrade: boolean;
  /** Is told what was found. */
  seen?: (examined: Examined) => void;
}

export interface UpgradeOptions extends Options {
  dryRun: boolean;
  allowDirty: boolean;
}

/** What `upgrade` would do to a project; writes nothing. @throws UserError */
export function check(root: string, options: Options): Report {
  return asOwner(root, () => reportOf(open(root, options), false));
}

export interface Diff {
  report: Report;
  /** What `git apply` and `patch -p1` take. */
  text: string;
  stat: { path: string; added: number; removed: number; binary: boolean }[];
}

/** What `upgrade` would change in a project; writes nothing. @throws UserError */
export function diff(root: string, options: Options): Diff {
  return asOwner(root, () => diffOf(open(root, options)));
}

/** The same for a project that is examined already. */
export function diffOf(examined: Examined): Diff {
  const changed = changesOf(examined.plan);
  return {
    report: reportOf(examined, false),
    text: diffText(changed),
    stat: changed.map(({ path, before, after }) => ({ path, ...diffStat(before, after) })),
  };
}

/**
 * Brings a project to what this generator makes of its answers, and keeps the user's edits.
 * @throws UserError (internal) with nothing written
 */
export function upgrade(root: string, options: UpgradeOptions): Report {
  return asOwner(root, () => upgraded(root, options));
}

function upgraded(root: string, options: UpgradeOptions): Report {
  if (!options.dryRun) recover(root);
  const examined = open(root, options);
  if (options.dryRun) return reportOf(examined, false);
  if (examined.conflicts && options.conflict === 'abort') return reportOf(examined, false);
  carryOut(examined, options);
  return reportOf(examined, true);
}

function open(root: string, { conflict, allowDowngrade, seen }: Options): Examined {
  const project = openProject(root);
  const from = project.manifest?.generator;
  if (from && isOlder(version, from) && !allowDowngrade)
    throw new UserError(
      `${root} was written by makina-image ${from}, and this is ${version}; use that one, or --allow-downgrade`,
      EXIT.internal,
    );
  const examined = examine(project, conflict);
  seen?.(examined);
  return examined;
}
