import type { Side } from '../text/unified.ts';
import type { Plan } from './types.ts';

/** What becomes of one file. */
export interface FileChange {
  path: string;
  before: Side | undefined;
  after: Side | undefined;
}

/** What a plan writes for the user; not what the engine keeps for itself. */
export function changesOf({ files, sidecars }: Pick<Plan, 'files' | 'sidecars'>): FileChange[] {
  return [
    ...files.filter(({ before, after }) => before !== after),
    ...[...sidecars].map(([path, sides]) => ({ path, ...sides })),
  ];
}
