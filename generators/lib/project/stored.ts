import fs from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { answersInYaml } from '../answers/answers-file.ts';
import { editedAnswers, lineOfAnswer, losesComment, newAnswersText } from '../answers/edit.ts';
import { flagFor } from '../answers/flags.ts';
import { idleNulls } from '../answers/idle-nulls.ts';
import { unusable } from '../answers/unusable.ts';
import { ANSWERS_YAML, formatYoRc, parseYoRc, YO_RC, type YoRc } from '../answers/yo-rc.ts';
import { EXIT, UserError } from '../errors.ts';
import { refuseBlank } from '../manifest/blank.ts';
import { MANIFEST } from '../manifest/manifest.ts';
import { canonicalIntent, complete, type Intent } from '../model/intent.ts';
import { migrate } from '../model/migrations.ts';
import type { Problem } from '../model/problem.ts';
import { hasMarkers } from '../plan/markers.ts';
import type { Rendered, RenderedFile } from '../render/render.ts';
import { loadYaml } from '../system/yaml.ts';
import { conflictMarkers } from '../text/merge3.ts';
import { takeSide } from '../text/take-side.ts';

const MAX_BYTES = 16 << 20;

interface AnswersYaml {
  path: string;
  text?: string;
}

/** The answers of a project, from the file that holds them. */
export interface Stored extends YoRc {
  /** `answers.yaml`, if it holds them; without a text it is to be written. */
  file?: AnswersYaml;
  /** The answers of `.yo-rc.json` that `answers.yaml` takes the place of. */
  replaced?: Intent;
  /** Whether `answers.yaml` says something else than its copy: no run has applied it yet. */
  isEdited?: boolean;
}

export interface WhichFile {
  /** Whether the answers are to be in `answers.yaml` from now on; without it, they stay where they are. */
  inYaml?: boolean;
  /** Whether the folder may be one that is not a project yet. */
  isNew?: boolean;
}

/**
 * The stored answers of a folder, if it has any: those of `answers.yaml` if `.yo-rc.json` is its copy.
 * @throws UserError for a file that cannot be used
 */
export function storedAnswers(root: string, { inYaml, isNew = false }: WhichFile = {}): Stored {
  const path = join(root, ANSWERS_YAML);
  const yoRc = readYoRc(root);
  const isThere = fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  const mayBegin = !yoRc.intent && isThere && (isNew || fs.existsSync(join(root, MANIFEST)));
  const isCopy = yoRc.isCopy === true || (mayBegin && inYaml !== false);
  if (!isCopy && !inYaml) return yoRc;
  if (!isThere && yoRc.isCopy && inYaml === undefined)
    throw new UserError(
      `${path} is missing, and ${YO_RC} is only a copy of it; restore it from your git history, or run makina-image new there with --no-answers-yaml to keep the answers of the copy`,
    );
  if (!isThere) return { ...yoRc, isCopy: inYaml, ...(inYaml && { file: { path } }) };
  const text = textOf(root, path);
  const given = answersInYaml(loadYaml(), path, text);
  const migrated = yoRc.isCopy && yoRc.model ? migrate(given, yoRc.model) : given;
  // A project keeps its name.
  const intent = { ...(yoRc.intent?.name !== undefined && { name: yoRc.intent.name }), ...migrated };
  const [problem] = [...unusable(intent), ...idleNulls(intent, {})];
  if (problem)
    throw new UserError(
      `${placeIn({ path, text }, problem)}: ${problem.path.join('.')} ${problem.message}; correct it there`,
    );
  if (inYaml === false) return { intent, others: yoRc.others };
  return {
    intent,
    others: yoRc.others,
    isCopy: true,
    file: { path, text },
    ...(!isCopy && { replaced: yoRc.intent }),
    isEdited: !isDeepStrictEqual(canonicalIntent(intent), canonicalIntent(yoRc.intent ?? {})),
  };
}

/** Adds the answers to what is rendered: `.yo-rc.json`, and `answers.yaml` if that is where they are. */
export function withAnswers(rendered: Rendered, intent: Intent, { file, others, isCopy }: Stored): Rendered {
  const files = new Map(rendered.files);
  const put = (path: string, text: string, edited?: RenderedFile['edited']) =>
    files.set(path, { bytes: Buffer.from(text), executable: false, policy: 'answers', ...(edited && { edited }) });
  put(YO_RC, formatYoRc(intent, others, isCopy));
  if (file?.text !== undefined) {
    const text = editedAnswers(loadYaml(), file.path, file.text, intent);
    put(ANSWERS_YAML, text, { from: Buffer.from(file.text), losesComment: losesComment(loadYaml(), file.text, text) });
  } else if (file) put(ANSWERS_YAML, newAnswersText(loadYaml(), intent));
  return { ...rendered, files };
}

/** How to fix a problem of stored answers: in the file of a person, if it is there already. */
export function fixOf({ file, intent }: Stored): (problem: Problem) => string {
  const known = file?.text === undefined || !intent ? [] : (complete(intent).problems ?? []);
  const isInFile = (problem: Problem) => known.some((each) => isDeepStrictEqual(each, problem));
  return (problem) => (file && isInFile(problem) ? `correct it in ${placeIn(file, problem)}` : flagFor(problem));
}

function placeIn({ path, text = '' }: AnswersYaml, problem: Problem): string {
  const line = lineOfAnswer(loadYaml(), text, problem.path);
  return line === undefined ? path : `${path}:${line}`;
}

function readYoRc(root: string): YoRc {
  const bytes = readRegular(root, YO_RC);
  if (!bytes) return { others: {} };
  if (fs.existsSync(join(root, MANIFEST))) refuseBlank(root, YO_RC, bytes);
  const path = join(root, YO_RC);
  if (!hasMarkers(bytes)) return parseYoRc(path, bytes.toString());
  // A copy is written anew, so a merge that stopped in it needs no one.
  const ours = parseSide(path, bytes, 'ours');
  const theirs = parseSide(path, bytes, 'theirs');
  const isCopy = ours?.isCopy && theirs?.isCopy && isDeepStrictEqual(ours.others, theirs.others);
  return isCopy ? ours : parseYoRc(path, bytes.toString());
}

function parseSide(path: string, bytes: Buffer, side: 'ours' | 'theirs'): YoRc | undefined {
  try {
    return parseYoRc(path, takeSide(bytes, side).toString());
  } catch {
    return undefined;
  }
}

/** A file of answers, undefined if nothing is there. @throws UserError if something else is, or it is too large */
function readRegular(root: string, name: string): Buffer | undefined {
  const path = join(root, name);
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (!stat.isFile())
    throw new UserError(`${path} is not a file, which has to be written there; move it away`, EXIT.conflict);
  if (stat.size > MAX_BYTES)
    throw new UserError(
      `${path} is larger than 16 MiB, which no answers are; restore it from your git history`,
      EXIT.internal,
    );
  return fs.readFileSync(path);
}

function textOf(root: string, path: string): string {
  const bytes = readRegular(root, ANSWERS_YAML) ?? Buffer.from('');
  if (fs.existsSync(join(root, MANIFEST))) refuseBlank(root, ANSWERS_YAML, bytes);
  const [line] = conflictMarkers(bytes);
  if (line !== undefined)
    throw new UserError(`${path}:${line}: a merge left conflict markers; edit them away, then run this again`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`${path} is not UTF-8; save it as that`);
  }
}
