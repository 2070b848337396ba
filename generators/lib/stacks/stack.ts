/** Stacks: each is a layer of answers below those of the user, and files to start from. */
import { dirname, join, relative, resolve } from 'node:path';
import { type Kind, readMapping } from '../answers/answers-file.ts';
import { placeOfType } from '../answers/place.ts';
import { unusable } from '../answers/unusable.ts';
import { UserError } from '../errors.ts';
import { complete, type Intent, problemsOf } from '../model/intent.ts';
import type { Problem } from '../model/problem.ts';
import { imageSchema } from '../model/schema.ts';
import { type Clue, stackSchema } from '../model/stack.ts';
import { packageRoot } from '../package.ts';
import { lstat } from '../system/files.ts';
import { nearest } from '../text/nearest.ts';
import { filesBelow } from './files.ts';

export interface Stack {
  /** Its name, or the path of its file as it was given. */
  name: string;
  description: string;
  detect: readonly Clue[];
  answers: Intent;
  /** Files to start from, by their path in the project. */
  files: ReadonlyMap<string, Buffer>;
}

/** The stacks of this package, in the order in which `new` offers them, and looks for them. */
export const STACK_NAMES: readonly string[] = [
  'demo',
  'django',
  'python-asgi',
  'python-wsgi',
  'php',
  'node',
  'static',
  'empty',
];

/** What an answer to `--stack` has if it is a path. */
const PATH = /[/.]/;
const MAX_BYTES = 1 << 20;

/**
 * Reads a stack.
 * @param given the name of one of ours, or the path of a file, relative to `cwd`; its files are in the folder `files` beside it
 * @throws UserError (usage) for an unknown name, and for a file that cannot be used
 */
export async function readStack(given: string, cwd: string): Promise<Stack> {
  if (PATH.test(given)) return readStackFile(given, cwd);
  if (STACK_NAMES.includes(given))
    return { ...(await readStackFile('stack.yaml', join(packageRoot, 'templates/stacks', given))), name: given };
  throw new UserError(
    `there is no stack ${given}${nearest(given, STACK_NAMES)}; there are ${STACK_NAMES.join(', ')}; a file of your own is given with its path, such as ./${given}.yaml`,
  );
}

async function readStackFile(path: string, cwd: string): Promise<Stack> {
  const file = resolve(cwd, path);
  if ((lstat(file)?.size ?? 0) > MAX_BYTES)
    throw new UserError(`${path} is larger than 1 MiB, which no stack is; correct the path`);
  const schema = stackSchema();
  const kind: Kind = {
    what: 'stack',
    holds: 'one mapping with description, detect and answers',
    place: {
      ...placeOfType(schema),
      field: (key) => placeOfType(key === 'answers' ? imageSchema : (schema.shape[key as 'detect'] ?? imageSchema)),
    },
  };
  const content = await readMapping(path, cwd, kind);
  const { success, data, error } = schema.safeParse(content);
  if (!success) throw refused(path, problemsOf(schema, error));
  const answers = content.answers === undefined ? {} : (data.answers as Intent);
  const problems = problemsIn(answers);
  if (problems.length > 0)
    throw refused(
      path,
      problems.map(({ path, ...rest }) => ({ path: ['answers', ...path], ...rest })),
    );
  const folder = join(dirname(file), 'files');
  return { ...data, name: path, answers, files: filesBelow(folder, relative(cwd, folder)) };
}

/** What is wrong with the answers of a stack by themselves; the name is the user's. */
function problemsIn(answers: Intent): Problem[] {
  if (Object.hasOwn(answers, 'name'))
    return [{ path: ['name'], message: 'is not for a stack to say; take it away, each project has its own' }];
  const odd = unusable(answers);
  return odd.length > 0 ? odd : (complete({ ...answers, name: 'demo' }).problems ?? []);
}

function refused(path: string, problems: readonly Problem[]): UserError {
  const lines = problems.map(({ path, message }) => `  ${path.join('.')} ${message}`);
  return new UserError(`the stack ${path} cannot be used, nothing was written; correct it:\n${lines.join('\n')}`);
}
