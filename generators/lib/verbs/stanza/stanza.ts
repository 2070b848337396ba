import { isDeepStrictEqual } from 'node:util';
import { answersFromFlags, type FlagValues, isOn, problemsError, single } from '../../answers/flags.ts';
import { EXIT, UserError } from '../../errors.ts';
import { isDict } from '../../model/dict.ts';
import { complete, type Intent, merge } from '../../model/intent.ts';
import type { Problem } from '../../model/problem.ts';
import type { Image } from '../../model/schema.ts';
import { findProject } from '../../project/find.ts';
import { fixOf, type Stored, storedAnswers } from '../../project/stored.ts';
import { withProject } from '../../project/with-project.ts';
import { nearest } from '../../text/nearest.ts';
import { withRoot } from '../change.ts';
import { type ProjectChange, refuseUnusable, writeIntent } from '../new.ts';
import type { HowToWrite } from '../write.ts';
import type { Kind } from './kinds.ts';
import { listed, rowsOf } from './list.ts';
import { serve, servedBy } from './served.ts';
import { at, put, type Target, targetOf } from './target.ts';

export interface StanzaRequest extends HowToWrite {
  /** The folder the command runs in: a project, or one below it. */
  cwd: string;
  /** The words after the verb. */
  words: readonly string[];
  flags: FlagValues;
}

/** What was done; nothing was written for a list. */
export type StanzaResult = { list: string } | StanzaChange;

export interface StanzaChange {
  list?: never;
  done: string;
  change: ProjectChange;
}

/**
 * Adds, changes, removes or lists entries of a project's model: a change of its answers, and everything rendered anew.
 * @throws UserError as `newProject`, and (internal) outside of a project
 */
export function stanza(kind: Kind, request: StanzaRequest): StanzaResult {
  const root = findProject(request.cwd);
  const isReadOnly = isOn(request.flags, 'dry-run') || isOn(request.flags, 'list');
  return withProject(root, isReadOnly, (folder) => {
    const result = changed(kind, folder, request);
    return result.list === undefined ? { ...result, change: withRoot(root, result.change) } : result;
  });
}

function changed(kind: Kind, root: string, { words, flags, ...request }: StanzaRequest): StanzaResult {
  refuseTogether(kind, flags, words);
  const stored = storedAnswers(root);
  const { intent, image } = opened(root, stored);
  if (isOn(flags, 'list'))
    return { list: isOn(flags, 'json') ? JSON.stringify(rowsOf(kind, image), null, 2) : listed(kind, image) };

  const removed = single(flags, 'remove');
  const target = targetOf(kind, [...words, ...(removed === undefined ? [] : [removed])], image);
  const { layers, parts } = removed === undefined ? settings(kind, flags, target, image) : removal(kind, target, image);
  const flagOf = (problem: Problem) => flagFor(kind, target, problem);
  refuseUnusable(layers, flagOf);
  const wanted = layers.reduce((lower, upper) => merge(lower, upper), intent);
  const change = writeIntent(root, stored, wanted, { ...request, dryRun: isOn(flags, 'dry-run'), flagOf });
  return { done: doneText(target, parts, image, change.image), change };
}

function opened(root: string, stored: Stored): { intent: Intent; image: Image } {
  const { intent } = stored;
  if (!intent)
    throw new UserError(
      `${root} has no .yo-rc.json with the answers of a project; go to a project, or start one with makina-image new`,
      EXIT.internal,
    );
  const { image, problems } = complete(intent);
  if (!image) throw problemsError(problems ?? [], fixOf(stored));
  return { intent, image };
}

function refuseTogether({ verb }: Kind, flags: FlagValues, words: readonly string[]): void {
  const isGiven = (flag: string) => (flags[flag] ?? []).length > 0;
  const given = Object.keys(flags).filter(isGiven);
  const anywhere = ['conflict', 'allow-dirty', 'dry-run', 'quiet', 'verbose'];
  const only = (flag: string, allowed: string[]) => {
    const [other] = given.filter((other) => other !== flag && !anywhere.includes(other) && !allowed.includes(other));
    if (isGiven(flag) && other)
      throw new UserError(`--${flag} and --${other} do not go together; leave one of them out`);
  };
  only('list', ['json']);
  only('remove', []);
  if (isGiven('list') && words.length > 0) throw new UserError(`--list takes no name; leave out ${words.join(' ')}`);
  if (isGiven('json') && !isGiven('list'))
    throw new UserError(`--json goes with --list: makina-image ${verb} --list --json`);
  if (isGiven('vhost') && !isGiven('location'))
    throw new UserError('--vhost goes with --location PATH; add that, or leave --vhost out');
}

/** Answers to merge, the lowest layer first, and the entries that come or go with them. */
interface Settings {
  layers: Intent[];
  parts: readonly string[];
}

function settings(kind: Kind, flags: FlagValues, target: Target, image: Image): Settings {
  const unset = (flags.unset ?? []).map((word) =>
    put([...target.path, ...fieldPath(kind, target, String(word), image)], null),
  );
  const given = answersFromFlags(flags, kind.fields);
  const location = single(flags, 'location');
  const layers = [...unset, put(target.path, given)];
  if (location === undefined) return { layers, parts: [] };
  const name = target.path.at(-1) as string;
  if ((given.port ?? at(image, [...target.path, 'port'])) === undefined)
    throw new UserError(`--location passes requests to the port of ${target.label}, which has none; give it --port`);
  const served = serve(image, name, location, single(flags, 'vhost'));
  return { layers: [...layers, served.change], parts: served.parts };
}

function removal({ verb, noun }: Kind, target: Target, image: Image): Settings {
  if (at(image, target.path) === undefined) throw unknown(verb, target, image);
  const others = noun === 'program' ? servedBy(image, target.path[1] as string) : [];
  return { layers: [target, ...others].map(({ path }) => put(path, null)), parts: others.map(({ label }) => label) };
}

function unknown(verb: string, { path, label }: Target, image: Image): UserError {
  const known = Object.keys((at(image, path.slice(0, -1)) as Intent | undefined) ?? {});
  const meant = nearest(path.at(-1) as string, known);
  return new UserError(`there is no ${label}${meant}; makina-image ${verb} --list shows what there is`);
}

/** `stop_signal`, `stop-signal` or `env.KEY` as a path below an entry. */
function fieldPath({ verb, fields }: Kind, target: Target, word: string, image: Image): string[] {
  if (at(image, target.path) === undefined) throw unknown(verb, target, image);
  const [name = '', ...rest] = word.split('.');
  const key = rest.length > 0 ? [rest.join('.')] : [];
  const field = fields.find((field) => field.key === name || field.flag === name);
  if (!field)
    throw new UserError(
      `--unset: there is no field ${name}${nearest(
        name,
        fields.map(({ key }) => key),
      )}; makina-image ${verb} --help lists them`,
    );
  const there = at(image, [...target.path, field.key]);
  if (key.length > 0 && at(there, key) === undefined)
    throw new UserError(
      `--unset: ${field.key} of ${target.label} has no ${key}${nearest(key.join(), isDict(there) ? Object.keys(there) : [])}; makina-image ${verb} --list shows what there is`,
    );
  return [field.key, ...key];
}

/** How to fix a problem of an entry with the flags of its verb. */
function flagFor({ verb, fields }: Kind, { path }: Target, problem: Problem): string {
  if (!path.every((key, index) => problem.path[index] === key))
    return 'correct it with its own verb, or with makina-image new';
  const field = fields.find(({ key }) => key === problem.path[path.length]);
  if (field) return `set it with --${field.flag}`;
  if (problem.message.startsWith('the key ')) return 'choose another name';
  return `--FIELD sets a field, --unset FIELD removes it; makina-image ${verb} --help lists them`;
}

function doneText({ path, label }: Target, parts: readonly string[], before: Image, after: Image): string {
  const [was, is] = [at(before, path), at(after, path)];
  const changed = isDeepStrictEqual(was, is) && parts.length === 0 ? 'nothing to change' : 'changed';
  const done = was === undefined ? 'added' : is === undefined ? 'removed' : changed;
  return `${label}: ${done}${parts.length > 0 ? `, with ${parts.join(', ')}` : ''}`;
}
