import { recover } from '../apply/transaction.ts';
import { anchored } from '../system/anchor.ts';
import { asOwner, isMovable } from '../system/rights.ts';

/**
 * Does something to a project: with its owner's rights, and after what a run that was cut short left there is finished.
 * @param isReadOnly leave that as it is, and make no folder
 * @param work gets the path by which to reach the project's files
 * @throws UserError (internal) where either cannot be done
 */
export function withProject<T>(root: string, isReadOnly: boolean, work: (folder: string) => T): T {
  const finished = (folder: string) => {
    if (!isReadOnly) recover(folder);
    return work(folder);
  };
  return isMovable(root, isReadOnly) ? anchored(root, finished) : asOwner(root, () => finished(root));
}
