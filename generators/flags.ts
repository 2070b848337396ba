import { type Flag, flagOf } from './lib/answers/flags.ts';
import { fields } from './lib/model/fields.ts';
import { CONFLICT_MODES } from './lib/plan/types.ts';

/** The flags that both fronts declare, beside those of the verbs that change one entry. */
export const CONFLICT: Flag = {
  flag: 'conflict',
  value: 'MODE',
  choices: CONFLICT_MODES,
  description:
    'what to do about conflicts: abort (nothing is written; without a terminal), markers (on one), sidecar, ours or theirs',
};
export const DRY_RUN: Flag = { flag: 'dry-run', description: 'write nothing, show what would be written' };
export const ALLOW_DIRTY: Flag = { flag: 'allow-dirty', description: 'merge into files whose edits git does not have' };
/** Of every verb that writes a project. */
export const WRITING = [CONFLICT, ALLOW_DIRTY];
export const ALLOW_DOWNGRADE: Flag = { flag: 'allow-downgrade', description: 'go back to an older generator' };

/** Of `new`: every field of the model, and its own. */
export function newFlags(): Flag[] {
  return [
    ...fields.map(flagOf),
    {
      flag: 'answers',
      value: 'FILE',
      names: 'file',
      description: 'answers as JSON or YAML, by field name; - reads standard input, and asks nothing',
    },
    {
      flag: 'exact',
      description: 'with --answers: remove every answer from .yo-rc.json that neither the file nor a flag gives',
    },
    {
      flag: 'destination',
      value: 'DIR',
      names: 'folder',
      description: 'where to write, also inside another project; ./NAME if not given',
    },
    ...WRITING,
    { flag: 'preview', description: 'write nothing, show the files and differences that would be written' },
    { flag: 'dry-run', description: 'the same as --preview' },
    { flag: 'yes', description: 'ask nothing, take the defaults' },
  ];
}
