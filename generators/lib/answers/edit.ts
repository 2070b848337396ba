/** Changes of an answers file that a person edits. */

import { isDeepStrictEqual } from 'node:util';
import type { Document, Node } from 'yaml';
import { UserError } from '../errors.ts';
import { isDict } from '../model/dict.ts';
import { canonicalIntent, type Intent } from '../model/intent.ts';
import { answersInYaml } from './answers-file.ts';
import type { Yaml } from './document.ts';
import { type Splice, splicesOf, Unsupported } from './splices.ts';
import { blockText } from './yaml-text.ts';

/** A change can need another one: what an alias showed has to be written out. */
const MAX_ROUNDS = 20;

/** The text of a new answers file. */
export function newAnswersText(yaml: Yaml, intent: Intent): string {
  const head = '# The answers of this project. Edit them here, then run: makina-image upgrade\n';
  return head + blockText(yaml, canonicalIntent(intent), 2);
}

/**
 * The text of an answers file, changed so that it means other answers. Comments, order, quotes and anchors of all else stay.
 * @param from the file, for errors
 * @throws UserError if the file is written in a way that does not allow that
 */
export function editedAnswers(yaml: Yaml, from: string, text: string, wanted: Intent): string {
  // A byte order mark is no part of a line.
  if (text.startsWith('\uFEFF')) return `\uFEFF${editedAnswers(yaml, from, text.slice(1), wanted)}`;
  const want = canonicalIntent(wanted);
  const isDone = (now: string) => {
    try {
      return isDeepStrictEqual(meaningOfText(yaml, from, now), want);
    } catch (error) {
      // What was written is read in another way than it was meant.
      if (now === text || !(error instanceof UserError)) throw error;
      return false;
    }
  };
  let now = text;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if (isDone(now)) return now;
    const next = changedOnce(yaml, from, now, want);
    if (next === undefined || next === now) break;
    now = next;
  }
  const rewritten = rewrittenText(yaml, from, text, want);
  if (rewritten !== undefined && isDone(rewritten)) return rewritten;
  const places = pathsOf(meaningOfText(yaml, from, text), want).map((path) => path.join('.'));
  throw new UserError(
    `${from} is written in a way that cannot be changed without losing a part of it; change it there yourself: ${places.join(', ')}`,
  );
}

/** The line of an answer in a text, or of what it is in; undefined if it is not there. */
export function lineOfAnswer(yaml: Yaml, text: string, path: readonly string[]): number | undefined {
  let node: unknown = yaml.parseDocument(text, { merge: true, logLevel: 'error' }).contents;
  let offset: number | undefined;
  for (const key of path) {
    const pair = yaml.isMap(node)
      ? node.items.find(({ key: own }) => yaml.isScalar(own) && String(own.value) === key)
      : undefined;
    if (!pair) break;
    offset = (pair.key as Node).range?.[0];
    node = pair.value;
  }
  return offset === undefined ? undefined : text.slice(0, offset).split('\n').length;
}

/** The comments of a text, with where they start. */
export function commentsOf(yaml: Yaml, text: string): { offset: number; source: string }[] {
  const found: { offset: number; source: string }[] = [];
  const collect = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) collect(item);
    else if (isDict(part)) {
      if (part.type === 'comment') found.push({ offset: part.offset as number, source: part.source as string });
      for (const item of Object.values(part)) if (typeof item === 'object') collect(item);
    }
  };
  for (const token of new yaml.Parser().parse(text)) collect(token);
  return found;
}

/** Whether a comment of a text is not in what it became. */
export function losesComment(yaml: Yaml, before: string, after: string): boolean {
  if (before === after) return false;
  const left = commentsOf(yaml, after).map(({ source }) => source.trim());
  for (const { source } of commentsOf(yaml, before)) {
    const at = left.indexOf(source.trim());
    if (at < 0) return true;
    left.splice(at, 1);
  }
  return false;
}

function meaningOfText(yaml: Yaml, from: string, text: string): Intent {
  return canonicalIntent(answersInYaml(yaml, from, text));
}

function changedOnce(yaml: Yaml, from: string, text: string, want: Intent): string | undefined {
  const document = yaml.parseDocument(text, { merge: true, keepSourceTokens: true, logLevel: 'error' });
  const comments = commentsOf(yaml, text).map(({ offset }) => offset);
  let splices: Splice[];
  try {
    splices = splicesOf({ yaml, text, document, comments }, meaningOfText(yaml, from, text), want);
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
  splices.sort((a, b) => a.start - b.start || a.end - b.end);
  refuseUsedAnchors(yaml, from, text, document, splices);
  let result = '';
  let done = 0;
  for (const { start, end, text: part } of splices) {
    const from = Math.max(start, done);
    // Another round makes what is inside of this one; the last line of a text also takes the line break before it.
    if (start < done && (part !== '' || end < done)) continue;
    result += text.slice(done, from) + part;
    done = end;
  }
  const next = result + text.slice(done);
  return yaml.parseDocument(next, { merge: true, logLevel: 'error' }).errors.length > 0 ? undefined : next;
}

/** @throws UserError if something else needs what goes */
function refuseUsedAnchors(
  yaml: Yaml,
  from: string,
  text: string,
  document: Document,
  splices: readonly Splice[],
): void {
  const isGone = (offset: number) => splices.some(({ start, end }) => offset >= start && offset < end);
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  const gone = new Map<string, number>();
  yaml.visit(document, {
    Node: (_, node) => {
      const start = (node as Node).range?.[0] ?? 0;
      if (yaml.isAlias(node)) {
        const anchor = gone.get(node.source);
        if (anchor !== undefined && !isGone(start))
          throw new UserError(
            `${from}:${lineOf(anchor)}: what goes there has the anchor &${node.source}, which line ${lineOf(start)} uses; write that out there, then run this again`,
          );
      } else if (node.anchor) {
        const offset = text.lastIndexOf(`&${node.anchor}`, start);
        if (isGone(offset)) gone.set(node.anchor, offset);
        else gone.delete(node.anchor);
      }
    },
  });
}

/** The same by way of the whole document, which is laid out anew; undefined if a comment would get lost. */
function rewrittenText(yaml: Yaml, from: string, text: string, want: Intent): string | undefined {
  const document = yaml.parseDocument(text, { merge: true, logLevel: 'error' });
  try {
    for (const path of pathsOf(meaningOfText(yaml, from, text), want)) {
      const value = path.reduce<unknown>(valueAt, want);
      if (value === undefined) document.deleteIn(path);
      else document.setIn(path, document.createNode(value));
    }
    const next = document.toString({ lineWidth: 0 });
    return losesComment(yaml, text, next) ? undefined : next;
  } catch {
    return undefined;
  }
}

/** Where two trees differ. */
function pathsOf(is: unknown, want: unknown, path: string[] = []): string[][] {
  if (isDeepStrictEqual(is, want)) return [];
  if (!isDict(is) || !isDict(want)) return [path];
  const keys = new Set([...Object.keys(is), ...Object.keys(want)]);
  return [...keys].flatMap((key) => pathsOf(valueAt(is, key), valueAt(want, key), [...path, key]));
}

function valueAt(tree: unknown, key: string): unknown {
  return isDict(tree) && Object.hasOwn(tree, key) ? tree[key] : undefined;
}
