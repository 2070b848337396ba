import { recover } from '../apply/transaction.ts';
import { asOwner } from '../rights.ts';

/**
 * Does something to a project: with its owner's rights, and after what a run that was cut short left there is finished.
 * @param isReadOnly leave that as it is
 * @throws UserError (internal) where either cannot be done
 */
export function withProject<T>(root: string, isReadOnly: boolean, work: () => T): T {
  return asOwner(root, () => {
    if (!isReadOnly) recover(root);
    return work();
  });
}
