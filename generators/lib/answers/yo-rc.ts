import { UserError } from '../errors.ts';
import { isDict } from '../model/dict.ts';
import { canonicalIntent, type Intent } from '../model/intent.ts';
import { MIGRATIONS, migrate } from '../model/migrations.ts';
import { unusable } from './unusable.ts';

/** The file of a project that holds its answers. */
export const YO_RC = '.yo-rc.json';
/** The file for a person that may hold them in its place; then `.yo-rc.json` is a copy. */
export const ANSWERS_YAML = 'answers.yaml';
/** The key below which the answers of this generator are. */
export const ANSWERS_KEY = 'generator-makina-image';
/** The version of the model that this generator writes. */
const MODEL_VERSION = MIGRATIONS.length + 1;

const REMEDY = 'correct it, or restore it from your git history';

/** A parsed `.yo-rc.json`: our intent, if it has one, and what other generators keep beside it. */
export interface YoRc {
  intent?: Intent;
  others: Intent;
  /** The version of the model of the answers. */
  model?: number;
  /** Whether the answers are a copy of those in `answers.yaml`. */
  isCopy?: boolean;
}

/**
 * Reads the text of a `.yo-rc.json`.
 * @param path where it is, for errors
 * @throws UserError when it is broken, or was written by a newer generator
 */
export function parseYoRc(path: string, text: string): YoRc {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new UserError(`${path} is not valid JSON (${(error as Error).message}); ${REMEDY}`);
  }
  if (!isDict(content)) throw new UserError(`${path} must hold one JSON object; ${REMEDY}`);
  const { [ANSWERS_KEY]: ours, ...others } = content;
  refuseUnusable(path, others);
  if (ours === undefined) return { others };
  if (!isDict(ours) || !isDict(ours.answers))
    throw new UserError(`${path}: "${ANSWERS_KEY}" must be an object with "answers"; ${REMEDY}`);
  const { model, file } = ours;
  if (typeof model !== 'number' || !Number.isInteger(model) || model < 1 || model > MODEL_VERSION)
    throw new UserError(
      `${path} holds model ${model}, this generator reads models up to ${MODEL_VERSION}; use the generator that wrote it`,
    );
  if (file !== undefined && file !== ANSWERS_YAML)
    throw new UserError(`${path}: "file" of "${ANSWERS_KEY}" must be ${ANSWERS_YAML}; ${REMEDY}`);
  refuseUnusable(path, ours.answers);
  return { intent: migrate(ours.answers, model), others, model, ...(file && { isCopy: true }) };
}

/** The part of a `.yo-rc.json` that is ours, as it is there; undefined where it has none. @throws Error for broken JSON */
export function ownPart(text: string): Intent | undefined {
  const content: unknown = JSON.parse(text);
  return isDict(content) && content[ANSWERS_KEY] !== undefined ? { [ANSWERS_KEY]: content[ANSWERS_KEY] } : undefined;
}

/** Refuses what could not be written back unchanged, also in what other generators keep there. */
function refuseUnusable(path: string, content: Intent): void {
  const [problem] = unusable(content);
  if (problem) throw new UserError(`${path}: ${problem.path.join('.')} ${problem.message}; ${REMEDY}`);
}

/** The text of a `.yo-rc.json`; it does not depend on the order in which answers were given. */
export function formatYoRc(intent: Intent, others: Intent, isCopy = false): string {
  const file = isCopy ? { file: ANSWERS_YAML } : {};
  const content = { ...others, [ANSWERS_KEY]: { model: MODEL_VERSION, ...file, answers: canonicalIntent(intent) } };
  return `${JSON.stringify(content, null, 2)}\n`;
}
