import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { problemsError } from './answers/flags.ts';
import { formatYoRc, parseYoRc, type YoRc } from './answers/yo-rc.ts';
import { type Field, fields } from './model/fields.ts';
import { complete, type Intent, merge } from './model/intent.ts';
import type { Image } from './model/schema.ts';
import type { Change } from './plan/plan.ts';
import { type Rendered, render } from './render/render.ts';
import { write } from './write.ts';

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

/** What was done: `changes` is empty if all was as it should be. */
export interface NewResult {
  image: Image;
  destination: string;
  changes: Change[];
}

/**
 * Writes a new project, or changes the model of one that is there.
 * @throws UserError when answers are missing or invalid (usage), when a file that differs is in the way (conflict), or when
 * the folder cannot be written (internal); nothing is written then
 */
export async function newProject(request: NewRequest): Promise<NewResult> {
  let said = merge(request.answers, request.flags);
  const name = fields[0] as Field;
  if (request.ask && !locate(request, said)) said = merge(said, await askFor(request.ask, [name], said));
  const destination = locate(request, said);
  if (!destination) throw problemsError(complete(said).problems ?? []);

  const yoRcPath = join(destination, YO_RC);
  const stored = readYoRc(yoRcPath);
  let intent = merge(stored.intent ?? {}, said);
  // A project that is there was asked when it was new.
  if (request.ask && !stored.intent) intent = merge(intent, await askFor(request.ask, fields, intent));

  const result = complete(intent);
  if (result.problems) throw problemsError(result.problems);
  const next = withYoRc(render(result.image), formatYoRc(intent, stored.others));
  const before = stored.intent && complete(stored.intent);
  const changes = write(destination, before?.image && render(before.image), next, request.force);
  return { image: result.image, destination, changes };
}

/** Where to write, if that is known yet. */
function locate({ cwd, destination }: NewRequest, said: Intent): string | undefined {
  if (destination !== undefined) return resolve(cwd, destination);
  const here = readYoRc(join(cwd, YO_RC)).intent;
  if (here && (said.name === undefined || said.name === here.name)) return cwd;
  return typeof said.name === 'string' && said.name !== '' ? resolve(cwd, said.name) : undefined;
}

function readYoRc(path: string): YoRc {
  return fs.existsSync(path) ? parseYoRc(path, fs.readFileSync(path, 'utf8')) : { others: {} };
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
