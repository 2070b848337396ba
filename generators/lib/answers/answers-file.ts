import { resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { isDict } from '../model/dict.ts';
import type { Intent } from '../model/intent.ts';
import { imageSchema } from '../model/schema.ts';
import { OddScalar, sentenceOf, spelledValue, type Yaml } from './document.ts';
import { type Place, placeOfType } from './place.ts';

/** A kind of file that a person writes. */
export interface Kind {
  /** What it is called in errors. */
  what: string;
  /** What it must hold, for errors. */
  holds: string;
  place: Place;
}

const ANSWERS: Kind = {
  what: 'answers file',
  holds: 'one mapping of field names to answers, as `name: shop`',
  place: placeOfType(imageSchema),
};

/**
 * Reads an answers file, JSON (`.json`) or YAML; no file gives no answers.
 * @param path the file, relative to `cwd`
 * @throws UserError when it cannot be read, is not valid, or does not hold one mapping
 */
export async function readAnswersFile(path: string | undefined, cwd: string): Promise<Intent> {
  return path === undefined ? {} : readMapping(path, cwd, ANSWERS);
}

/** The same for any kind of file. */
export async function readMapping(path: string, cwd: string, kind: Kind): Promise<Intent> {
  const isJson = /\.json$/i.test(path);
  const read = async () => {
    // Loaded here because most runs have no answers file.
    const { default: fs } = await import('fs-extra');
    // A process substitution of the shell, /dev/fd/63, works too.
    const file = resolve(cwd, path);
    if (!file.startsWith('/dev/') && !(await fs.stat(file)).isFile()) throw new Error('it is not a file');
    return decode(await fs.readFile(file));
  };
  return mapping(path, isJson ? 'JSON' : 'YAML', kind, async () => {
    const yaml = await import('yaml');
    return isJson ? parseJson(yaml, await read(), kind.place) : parseYaml(yaml, path, await read(), kind.place);
  });
}

/**
 * Reads answers that came in on their own, JSON or YAML.
 * @param from where they came from, for errors
 * @throws UserError when they are not valid, or are not one mapping
 */
export async function parseAnswers(from: string, bytes: Buffer): Promise<Intent> {
  return parseMapping(from, bytes, ANSWERS);
}

/** The same for any kind of file that was read. */
export async function parseMapping(from: string, bytes: Buffer, kind: Kind): Promise<Intent> {
  return mapping(from, 'JSON or YAML', kind, async () => {
    const text = decode(bytes);
    const yaml = await import('yaml');
    try {
      return parseJson(yaml, text, kind.place);
    } catch {
      return parseYaml(yaml, from, text, kind.place);
    }
  });
}

async function mapping(from: string, language: string, kind: Kind, read: () => Promise<unknown>): Promise<Intent> {
  let answers: unknown;
  try {
    answers = await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new UserError(`there is no ${kind.what} ${from}; check its path`);
    throw unreadable(from, language, error);
  }
  return intentOf(from, kind, answers);
}

function unreadable(from: string, language: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const [line = ''] = (error as Error).message.split('\n');
  const sentence = error instanceof RangeError ? 'it is nested too deep' : line.replace(/:$/, '');
  return new UserError(`${from} cannot be read as ${language}: ${sentence}; correct it, then run this again`);
}

function intentOf(from: string, { holds }: Kind, answers: unknown): Intent {
  if (!isDict(answers)) throw new UserError(`${from} must hold ${holds}`);
  // Only editors use it.
  const { $schema: _, ...intent } = answers;
  return intent;
}

/**
 * The answers in a text of YAML, for a run that cannot wait.
 * @param from where the text came from, for errors
 * @throws UserError when it is not valid, or is not one mapping
 */
export function answersInYaml(yaml: Yaml, from: string, text: string): Intent {
  try {
    return intentOf(from, ANSWERS, parseYaml(yaml, from, text, ANSWERS.place));
  } catch (error) {
    throw unreadable(from, 'YAML', error);
  }
}

function decode(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/**
 * The value of a text of JSON; where text is wanted, a number or a boolean is that text as it is spelled.
 * @throws Error when it is not valid, or has a key twice
 */
function parseJson(yaml: Yaml, text: string, place: Place): unknown {
  const answers = JSON.parse(text);
  // JSON.parse silently takes the last of two equal keys.
  const document = yaml.parseDocument(text, { logLevel: 'error' });
  const twice = document.errors.find(({ code }) => code === 'DUPLICATE_KEY');
  if (twice) throw twice;
  return document.errors.length > 0 ? answers : spelledValue(yaml, document, place, 'json');
}

function parseYaml(yaml: Yaml, from: string, text: string, place: Place): unknown {
  const lineCounter = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { merge: true, logLevel: 'error', lineCounter });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong?.code === 'MULTIPLE_DOCS') throw new Error('it holds several documents; write one, without ---');
  if (wrong?.code === 'BLOCK_AS_IMPLICIT_KEY') {
    const { line, col } = lineCounter.linePos(wrong.pos[0]);
    throw new UserError(`${from}:${line}:${col}: ${sentenceOf(wrong)}`);
  }
  if (wrong) throw wrong;
  // Throws for endless aliases.
  document.toJS();
  try {
    return spelledValue(yaml, document, place, 'yaml');
  } catch (error) {
    if (!(error instanceof OddScalar)) throw error;
    const { line, col } = lineCounter.linePos(error.offset);
    throw new UserError(`${from}:${line}:${col}: ${error.message}`);
  }
}
