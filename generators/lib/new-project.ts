import { resolve } from 'node:path';
import { problemsError } from './answers/flags.ts';
import { unusable } from './answers/unusable.ts';
import { formatYoRc, type YoRc } from './answers/yo-rc.ts';
import { recover } from './apply/transaction.ts';
import { UserError } from './errors.ts';
import { type Field, fields } from './model/fields.ts';
import { complete, type Intent, merge, type Problem } from './model/intent.ts';
import type { Image } from './model/schema.ts';
import type { ConflictMode } from './plan/plan.ts';
import { readYoRc, withPast, withYoRc } from './project/project.ts';
import { render } from './render/render.ts';
import { type Written, write } from './write.ts';

/** Asks a person for some fields; returns their answers by field key. */
export type Ask = (open: readonly Field[]) => Promise<Intent>;

export interface NewRequest {
  /** The folder the command runs in. */
  cwd: string;
  /** Where to write, relative to cwd; else the project that cwd is, else the folder of the project's name. */
  destination?: string;
  /** From the command line: wins over `answers`. */
  flags: Intent;
  /** From the answers file: wins over what is stored. */
  answers: Intent;
  /** Absent where nobody can be asked. */
  ask?: Ask;
  conflict: ConflictMode;
  /** A folder for temporary files. */
  scratch: string;
}

export interface NewResult extends Written {
  image: Image;
}

/**
 * Writes a new project, or changes the model of one that is there.
 * @throws UserError when answers are missing or invalid (usage), when a file that differs is in the way (conflict), or when
 * the folder cannot be written (internal); nothing is written then
 */
export async function newProject(request: NewRequest): Promise<NewResult> {
  refuseUnusable(request.answers, request.flags);
  const layers = [request.answers, request.flags];
  const said = () => layers.reduce((lower, upper) => merge(lower, upper), {});
  const name = fields[0] as Field;
  if (request.ask && !locate(request, said())) layers.push(await askFor(request.ask, [name], said()));
  const destination = locate(request, said());
  if (!destination) throw problemsError(complete(said()).problems ?? []);

  recover(destination);
  const stored = readYoRc(destination);
  if (stored.intent) refuseUnusable(stored.intent);
  // A project that is there was asked when it was new.
  if (request.ask && !stored.intent) layers.push(await askFor(request.ask, fields, said()));
  // From the lowest up: a removal counts for what lies below it.
  layers.unshift(stored.intent ?? {});
  const intent = said();

  return writeIntent(destination, stored, intent, request);
}

export interface WriteRequest {
  conflict: ConflictMode;
  /** A folder for temporary files. */
  scratch: string;
  /** Write nothing, tell what would be written. */
  dryRun?: boolean;
  /** Tells the flag that answers a problem, for a verb that has others than `new`. */
  flagOf?: (problem: Problem) => string;
}

/**
 * Brings a folder to what an intent stands for.
 * @param stored what `.yo-rc.json` holds now
 * @throws UserError as `newProject`
 */
export function writeIntent(root: string, stored: YoRc, intent: Intent, request: WriteRequest): NewResult {
  const result = complete(intent);
  if (result.problems) throw problemsError(result.problems, request.flagOf);
  const theirs = withYoRc(render(result.image), formatYoRc(intent, stored.others));
  refuseRenaming(stored.intent?.name, result.image, root);
  const past = withPast(root, stored.intent, request.scratch);
  return { image: result.image, ...write({ ...past, theirs }, request.conflict, request.dryRun) };
}

/** Where to write, if that is known yet. */
function locate({ cwd, destination }: NewRequest, said: Intent): string | undefined {
  if (destination !== undefined) return resolve(cwd, destination);
  const here = readYoRc(cwd).intent;
  if (here && (said.name === undefined || said.name === here.name)) return cwd;
  return typeof said.name === 'string' && said.name !== '' ? resolve(cwd, said.name) : undefined;
}

/** @throws UserError (usage) for what no layer of answers may hold */
export function refuseUnusable(...layers: Intent[]): void {
  const problems = layers.flatMap((layer) => unusable(layer));
  if (problems.length > 0) throw problemsError(problems);
}

/** Volumes, users and the user's own pillar carry the name. */
function refuseRenaming(before: unknown, { name }: Image, destination: string): void {
  if (before === undefined || before === name) return;
  throw new UserError(
    `${destination} is the project ${before}, and a project cannot be renamed; write ${name} to another folder`,
  );
}

/** Asks what has a question and is not answered yet; an answer equal to the default is not intent. */
async function askFor(ask: Ask, candidates: readonly Field[], said: Intent): Promise<Intent> {
  const open = candidates.filter((field) => field.prompt && said[field.key] === undefined);
  if (open.length === 0) return {};
  const answers = await ask(open);
  return Object.fromEntries(
    open.filter(({ key, default: usual }) => answers[key] !== usual).map(({ key }) => [key, answers[key]]),
  );
}
