import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { problemsError } from './answers/flags.ts';
import { unusable } from './answers/unusable.ts';
import { formatYoRc, parseYoRc, type YoRc } from './answers/yo-rc.ts';
import { EXIT, UserError } from './errors.ts';
import { type Field, fields } from './model/fields.ts';
import { complete, type Intent, merge } from './model/intent.ts';
import type { Image } from './model/schema.ts';
import { type Rendered, render } from './render/render.ts';
import { type Written, write } from './write.ts';

const YO_RC = '.yo-rc.json';

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
  /** Replace files that differ. */
  force: boolean;
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

  const yoRcPath = join(destination, YO_RC);
  const stored = readYoRc(yoRcPath);
  if (stored.intent) refuseUnusable(stored.intent);
  // A project that is there was asked when it was new.
  if (request.ask && !stored.intent) layers.push(await askFor(request.ask, fields, said()));
  // From the lowest up: a removal counts for what lies below it.
  layers.unshift(stored.intent ?? {});
  const intent = said();

  const result = complete(intent);
  if (result.problems) throw problemsError(result.problems);
  const next = withYoRc(render(result.image), formatYoRc(intent, stored.others));
  const before = stored.intent && complete(stored.intent);
  refuseRenaming(before?.image, result.image, destination);
  const written = write(destination, before?.image && render(before.image), next, request.force);
  return { image: result.image, ...written };
}

/** Where to write, if that is known yet. */
function locate({ cwd, destination }: NewRequest, said: Intent): string | undefined {
  if (destination !== undefined) return resolve(cwd, destination);
  const here = readYoRc(join(cwd, YO_RC)).intent;
  if (here && (said.name === undefined || said.name === here.name)) return cwd;
  return typeof said.name === 'string' && said.name !== '' ? resolve(cwd, said.name) : undefined;
}

function readYoRc(path: string): YoRc {
  if (!fs.existsSync(path)) return { others: {} };
  if (!fs.statSync(path).isFile())
    throw new UserError(`${path} is not a file, which has to be written there; move it away`, EXIT.conflict);
  return parseYoRc(path, fs.readFileSync(path, 'utf8'));
}

function refuseUnusable(...layers: Intent[]): void {
  const problems = layers.flatMap((layer) => unusable(layer));
  if (problems.length > 0) throw problemsError(problems);
}

/** Volumes, users and the user's own pillar carry the name. */
function refuseRenaming(before: Image | undefined, { name }: Image, destination: string): void {
  if (!before || before.name === name) return;
  throw new UserError(
    `${destination} is the project ${before.name}, and a project cannot be renamed; write ${name} to another folder`,
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

function withYoRc(rendered: Rendered, text: string): Rendered {
  const files = new Map(rendered.files);
  files.set(YO_RC, { bytes: Buffer.from(text), executable: false, policy: 'intent' });
  return { ...rendered, files };
}
