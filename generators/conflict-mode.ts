import { UserError } from './lib/errors.ts';
import { CONFLICT_MODES, type ConflictMode } from './lib/plan/types.ts';
import { isCi, isTerminal } from './terminal.ts';

/**
 * What both fronts do about a conflict: what --conflict says. Otherwise they write markers on a terminal, and nothing
 * elsewhere: a file with markers must not reach a build by accident.
 */
export function conflictMode(given: string | undefined): ConflictMode {
  if (given === undefined) return isCi() || !isTerminal(1) ? 'abort' : 'markers';
  const mode = CONFLICT_MODES.find((known) => known === given);
  if (!mode) throw new UserError(`--conflict must be one of ${CONFLICT_MODES.join(', ')}, not "${given}"`);
  return mode;
}
