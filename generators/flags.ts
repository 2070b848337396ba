import { type Flag, flagOf } from './lib/answers/flags.ts';
import { fields } from './lib/model/fields.ts';
import { CONFLICT_MODES } from './lib/plan/types.ts';
import { STACK_NAMES } from './lib/stacks/stack.ts';

/** The flags that both fronts declare, beside those of the verbs that change one entry. */
export const CONFLICT: Flag = {
  flag: 'conflict',
  value: 'MODE',
  choices: CONFLICT_MODES,
  description:
    'how to handle conflicts: markers (default on a terminal), abort (default elsewhere; writes nothing), sidecar, ours, theirs',
};
export const DRY_RUN: Flag = { flag: 'dry-run', description: 'show what would be written, and write nothing' };
export const ALLOW_DIRTY: Flag = {
  flag: 'allow-dirty',
  description: 'merge into files with edits that you did not commit to git',
};
/** Of every verb that writes a project. */
export const WRITING = [CONFLICT, ALLOW_DIRTY];
export const ALLOW_DOWNGRADE: Flag = {
  flag: 'allow-downgrade',
  description: 'allow a generator older than the one that wrote the project',
};

/** Of `new`: every field of the model, and its own. */
export function newFlags(): Flag[] {
  return [
    ...fields.map(flagOf),
    {
      flag: 'stack',
      value: 'NAME|FILE',
      names: 'file',
      description: `what to start with: ${STACK_NAMES.join(', ')}, or a file of your own (default: demo); its answers lie below all others`,
    },
    {
      flag: 'answers',
      value: 'FILE',
      names: 'file',
      description: 'read answers from a JSON or YAML file, by field name; - reads standard input and asks nothing',
    },
    {
      flag: 'exact',
      description: 'with --answers: remove all other answers from .yo-rc.json',
    },
    {
      flag: 'answers-yaml',
      hasNo: true,
      description: "keep the project's answers in answers.yaml, which you edit; .yo-rc.json becomes its copy",
    },
    {
      flag: 'destination',
      value: 'DIR',
      names: 'folder',
      description: 'write the project to this folder (default: ./NAME)',
    },
    ...WRITING,
    { flag: 'preview', description: 'show the files and differences that would be written, and write nothing' },
    { flag: 'dry-run', description: 'show what would be written, as --preview does' },
    { flag: 'yes', description: 'ask nothing and use the defaults' },
  ];
}
