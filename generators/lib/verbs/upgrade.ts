import { EXIT, UserError } from '../errors.ts';
import { isOlder, version } from '../package.ts';
import { openProject } from '../project/project.ts';
import { withProject } from '../project/with-project.ts';
import { apply, type Change, examine, isOpen, withRoot } from './change.ts';
import type { HowToWrite } from './write.ts';

export interface UpgradeOptions extends HowToWrite {
  /** Accept a generator older than the one that wrote the project. */
  allowDowngrade: boolean;
}

/** What `upgrade` would do to a project; writes nothing. @throws UserError */
export function check(root: string, options: UpgradeOptions): Change {
  return withProject(root, true, (folder) => withRoot(root, open(folder, options)));
}

/**
 * Brings a project to what this generator makes of its answers, and keeps the user's edits.
 * @returns what was done, or what would be done where a conflict is in the way and the mode is `abort`
 * @throws UserError (internal) with nothing written
 */
export function upgrade(root: string, options: UpgradeOptions): Change {
  return withProject(root, false, (folder) => {
    const change = open(folder, options);
    return withRoot(root, isOpen(change) && options.conflict === 'abort' ? change : apply(change, options));
  });
}

function open(root: string, { conflict, allowDowngrade }: UpgradeOptions): Change {
  const project = openProject(root);
  const from = project.manifest?.generator;
  if (from && isOlder(version, from) && !allowDowngrade)
    throw new UserError(
      `${root} was written by makina-image ${from}, and this is ${version}; use that one, or --allow-downgrade`,
      EXIT.internal,
    );
  return examine(project, conflict);
}
