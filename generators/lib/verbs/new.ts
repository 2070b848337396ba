import { resolve } from 'node:path';
import { beside } from '../answers/beside.ts';
import { problemsError } from '../answers/flags.ts';
import { idleNulls } from '../answers/idle-nulls.ts';
import { unusable } from '../answers/unusable.ts';
import { EXIT, UserError } from '../errors.ts';
import { type Field, fields } from '../model/fields.ts';
import { complete, type Intent, merge } from '../model/intent.ts';
import type { Problem } from '../model/problem.ts';
import { type Image, imageSchema } from '../model/schema.ts';
import { projectAround } from '../project/find.ts';
import { refuseRenamed } from '../project/name.ts';
import { keepRuntime } from '../project/own-runtime.ts';
import { withPast } from '../project/project.ts';
import { fixOf, type Stored, storedAnswers, withAnswers } from '../project/stored.ts';
import { withProject } from '../project/with-project.ts';
import { render } from '../render/render.ts';
import { placeOfCode } from '../stacks/detect.ts';
import { withFiles } from '../stacks/files.ts';
import { readStack, STACK_NAMES, type Stack } from '../stacks/stack.ts';
import { asOwner } from '../system/rights.ts';
import { apply, type Change, withRoot } from './change.ts';
import { nameOfFolder, refuseNested } from './destination.ts';
import { drawSecrets, refuseSecrets } from './secret-files.ts';
import { type HowToWrite, planWrite } from './write.ts';

/** Asks a person for some fields; returns their answers by field key. */
export type Ask = (open: readonly Field[]) => Promise<Intent>;
/** Asks a person for one of the stacks; `likely` is the default. */
export type AskStack = (stacks: readonly Stack[], likely: string) => Promise<string>;

export interface NewRequest extends HowToWrite {
  /** The folder the command runs in. */
  cwd: string;
  /** Where to write, relative to cwd; without it, the project that cwd is, or a folder with the project's name. */
  destination?: string;
  /** Write there though it is inside another project. */
  isMeant?: boolean;
  /** Asks a person a question whose default is no. */
  insist?: (question: string) => Promise<boolean>;
  /** From the command line: wins over `answers`. */
  flags: Intent;
  /** From the answers file: wins over what is stored. */
  answers: Intent;
  /** Lies below all other answers. */
  stack?: Stack;
  /** `answers` and `flags` replace all stored answers but the name. */
  isExact?: boolean;
  /** Whether the answers are to be in `answers.yaml` from now on, or no longer; without it, they stay where they are. */
  answersYaml?: boolean;
  /** Absent if no one can be asked. */
  ask?: Ask;
  askStack?: AskStack;
  /** What was already answered, by `askOpen`. */
  asked?: Intent;
  /** Shows a person who answered questions what is to be written; returns whether to go on. */
  confirm?: (planned: Change) => Promise<boolean>;
  /** Write nothing, return what would be written. */
  dryRun?: boolean;
}

/** A change of a project, and the image that its answers stand for. */
export interface ProjectChange extends Change {
  image: Image;
  /** Stored answers that were not given now: with `isExact` they are gone. */
  beside?: readonly string[];
  /** Answers of `.yo-rc.json` that are gone, since `answers.yaml` does not have them. */
  gone?: readonly string[];
  /** Secrets of services that were drawn, below its folder. */
  drawn?: readonly string[];
  /** Where there was code for the stack already, so that nothing of the stack was added to it. */
  code?: string;
}

/**
 * Asks a person for the missing answers, for a front that writes later.
 * @returns the request with the answers
 * @throws UserError as `newProject`
 */
export async function askOpen(request: NewRequest): Promise<NewRequest> {
  refuseUnusable([request.answers, request.flags]);
  const layers = [request.answers, request.flags];
  const given = () => mergeAll(layers);
  let asked: Intent | undefined;
  const askFor = async (candidates: readonly Field[]) => {
    const open = candidates.filter((field) => field.prompt && given()[field.key] === undefined);
    if (!request.ask || open.length === 0) return;
    const answers = answersTo(open, await request.ask(open));
    asked = { ...asked, ...answers };
    layers.push(answers);
  };
  if (!locate(request, given())) await askFor([fields[0] as Field]);
  const destination = locate(request, given());
  if (!destination) throw problemsError(complete(given()).problems ?? []);
  if (!request.isMeant) await refuseNested(destination, request.insist);
  const { intent } = withProject(destination, request.dryRun === true, (folder) =>
    storedAnswers(folder, { inYaml: request.answersYaml, isNew: true }),
  );
  if (!intent && given().name === undefined) layers.unshift(nameOfFolder(destination, Boolean(request.ask)));
  // Its answers were asked when the project was new.
  if (intent) return { ...request, asked, isMeant: true };
  const stack = request.stack ?? (given().demo === undefined ? await askedStack(request, destination) : undefined);
  if (stack && !request.stack) asked = { ...asked };
  await askFor(fields);
  return { ...request, asked, stack, isMeant: true };
}

/** The stack that a person chooses; undefined if no one can be asked. */
async function askedStack({ askStack }: NewRequest, destination: string): Promise<Stack | undefined> {
  if (!askStack) return undefined;
  const stacks = await Promise.all(STACK_NAMES.map((name) => readStack(name, '.')));
  const found = withProject(destination, true, (folder) => stacks.find((stack) => placeOfCode(folder, stack)));
  const chosen = await askStack(stacks, (found ?? (stacks[0] as Stack)).name);
  return stacks.find(({ name }) => name === chosen);
}

/**
 * Writes a new project, or changes the answers of an existing one.
 * @throws UserError when answers are missing or invalid (usage), when a file that differs is in the way (conflict), when
 * the folder cannot be written (internal), or when a person says no (interrupted); nothing is written then
 */
export async function newProject(request: NewRequest): Promise<ProjectChange> {
  const { asked, stack } = request.asked ? request : await askOpen(request);
  const below = stack?.answers ?? {};
  const layers = [request.answers, request.flags, asked ?? {}];
  const given = () => mergeAll(layers);
  const destination = locate(request, given());
  if (!destination) throw problemsError(complete(given()).problems ?? []);
  return withProject(destination, request.dryRun === true, async (folder) => {
    const stored = storedAnswers(folder, { inYaml: request.answersYaml, isNew: true });
    const before = stored.intent ?? {};
    if ((!stored.intent || stored.file) && merge(before, given()).name === undefined)
      layers.unshift(nameOfFolder(destination, false));
    const lower = merge(below, before);
    const idle = [...idleNulls(request.answers, lower), ...idleNulls(request.flags, merge(lower, request.answers))];
    if (idle.length > 0) throw problemsError(idle);
    // From the lowest up: a removal counts for what lies below it.
    const kept = request.isExact ? nameOf(before) : before;
    const others =
      request.isExact || Object.keys(request.answers).length > 0 ? beside(before, merge(below, given())) : [];
    layers.unshift(below, kept);
    const planned = {
      ...planProject(folder, stored, given(), request, stack),
      beside: others,
      gone: beside(stored.replaced ?? {}, given()),
    };
    if (request.dryRun) return withRoot(destination, planned);
    if (asked && request.confirm && !(await request.confirm(withRoot(destination, planned))))
      throw new UserError(
        'stopped, as you answered; nothing was written; run it again to give other answers',
        EXIT.interrupted,
      );
    return withRoot(destination, write(planned, request));
  });
}

/** Writes what was planned, and draws the secrets of services that are not there yet. */
function write(planned: ProjectChange, how: HowToWrite): ProjectChange {
  refuseSecrets(planned.project.root, planned.image);
  const change = apply(planned, how);
  return { ...change, drawn: drawSecrets(change.project.root, change.image) };
}

/** Answers, the lowest layer first. */
function mergeAll(layers: readonly Intent[]): Intent {
  return layers.reduce((lower, upper) => merge(lower, upper), {});
}

export interface WriteRequest extends HowToWrite {
  /** Write nothing, return what would be written. */
  dryRun?: boolean;
  /** The flag that answers a problem, for a verb with other flags than `new`. */
  flagOf?: (problem: Problem) => string;
}

/**
 * Brings a folder to what an intent stands for.
 * @param stored what it holds now
 * @throws UserError as `newProject`
 */
export function writeIntent(root: string, stored: Stored, intent: Intent, request: WriteRequest): ProjectChange {
  const planned = planProject(root, stored, intent, request);
  return request.dryRun ? planned : write(planned, request);
}

function planProject(
  root: string,
  stored: Stored,
  intent: Intent,
  request: WriteRequest,
  stack?: Stack,
): ProjectChange {
  const result = complete(intent);
  if (result.problems) throw problemsError(result.problems, request.flagOf ?? fixOf(stored));
  refuseRenaming(stored.intent?.name, result.image, root);
  const past = withPast(root, stored.intent);
  const { image, vendored, ...kept } = keepRuntime(root, intent, result.image, past.manifest);
  const code = stack && placeOfCode(root, stack);
  const rendered = withAnswers(render(image), kept.intent, stored);
  const theirs = stack ? withFiles(rendered, stack.name, filesOf(stack, code !== undefined), image.name) : rendered;
  const project = { ...past, vendored, theirs };
  if (past.manifest || stored.intent) refuseRenamed(project, image.name, stored.file?.path);
  return { image, code, ...planWrite(project, request.conflict) };
}

/** The files of a stack; only those beside the code if there is some already. */
function filesOf({ files }: Stack, hasCode: boolean): ReadonlyMap<string, Buffer> {
  return hasCode ? new Map([...files].filter(([path]) => !path.startsWith('project/app/'))) : files;
}

/** Where to write, if that is known yet. */
function locate(request: NewRequest, given: Intent): string | undefined {
  const { cwd, destination } = request;
  if (destination !== undefined) return resolve(cwd, destination);
  const isHere = projectAround(cwd) === cwd;
  const here = isHere ? asOwner(cwd, () => storedAnswers(cwd, { inYaml: request.answersYaml }).intent) : undefined;
  if (here && (given.name === undefined || given.name === here.name)) return cwd;
  // An invalid name is an error of its own, and no folder is looked for.
  const name = imageSchema.shape.name.safeParse(given.name);
  return name.success ? resolve(cwd, name.data) : undefined;
}

/** @throws UserError (usage) for what no layer of answers may hold */
export function refuseUnusable(layers: readonly Intent[], flagOf?: WriteRequest['flagOf']): void {
  const problems = layers.flatMap((layer) => unusable(layer));
  if (problems.length > 0) throw problemsError(problems, flagOf);
}

/** A project cannot be renamed: volumes, Unix accounts and the user's own pillar carry the name. */
function refuseRenaming(before: unknown, { name }: Image, destination: string): void {
  if (before === undefined || before === name) return;
  throw new UserError(
    `${destination} is the project ${before}, and a project cannot be renamed; write ${name} to another folder`,
  );
}

const nameOf = ({ name }: Intent): Intent => (name === undefined ? {} : { name });

/** An answer equal to the default is not intent. */
function answersTo(open: readonly Field[], answers: Intent): Intent {
  return Object.fromEntries(
    open.filter(({ key, default: fallback }) => answers[key] !== fallback).map(({ key }) => [key, answers[key]]),
  );
}
