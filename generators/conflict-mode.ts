import { UserError } from './lib/errors.ts';
import { CONFLICT_MODES, type ConflictMode } from './lib/plan/types.ts';
import { isCi, isTerminal } from './terminal.ts';

/**
 * How both fronts go on with a conflict: what --conflict says; markers where somebody sees them; and where nobody does,
 * nothing is written, since a file with markers must not reach a build by accident.
 */
export function conflictMode(given: string | undefined): ConflictMode {
  if (given === undefined) return isCi() || !isTerminal(1) ? 'abort' : 'markers';
  const mode = CONFLICT_MODES.find((known) => known === given);
  if (!mode) throw new UserError(`--conflict must be one of ${CONFLICT_MODES.join(', ')}, not "${given}"`);
  return mode;
}
