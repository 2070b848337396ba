/** The container through which volumes are read and written, as root and with the owners that they have. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HelperMount, helperArguments, VOLUMES } from '../../engine/arguments.ts';
import { TITLE } from '../../engine/container.ts';
import type { Engine } from '../../engine/engine.ts';
import { EXIT, UserError } from '../../errors.ts';
import { packageRoot } from '../../package.ts';
import type { Ended, Spawned } from '../../system/command.ts';
import { asRunner } from '../../system/rights.ts';
import { replaced } from './inodes.ts';
import type { Labels } from './manifest.ts';

/** The ids of the containers that a backup has stopped. */
const STOPPED = 'makina-image.stopped';
/** The folder of the project that a helper is for. */
const FOLDER = 'makina-image.backup-of';
/** That of the base image, which the health check of every image uses, too. */
const PYTHON = '/srv/apps/circus/venv/bin/python';

/** What a helper that was killed had to do yet. */
export interface Leftover {
  /** Containers that it had stopped, by their ids. */
  stopped: string[];
}

export interface Helper {
  /** Starts a command in it. */
  spawn: (...words: string[]) => Spawned;
  /** Runs restore.py in it. @returns what it prints @throws UserError with its sentence */
  restore: (...words: string[]) => Promise<string>;
  /** The same, with standard input, which ends early if `signal` says so. */
  restoreFrom: (content: Readable | undefined, signal: AbortSignal | undefined, ...words: string[]) => Promise<string>;
  /** Ends and removes it. */
  close: () => Promise<void>;
}

export interface HelperRequest {
  engine: Engine;
  /** The name of the project. */
  project: string;
  /** Its folder. */
  root: string;
  tag: string;
  mounts: readonly HelperMount[];
  /** How sentences call what is mounted. */
  names: readonly string[];
  isReadOnly: boolean;
  /** The ids of the containers that are to be stopped. */
  stops: readonly string[];
}

interface Inspected {
  State: { Status: string };
  Config: { Labels?: Labels | null };
}

/** The name of the helper is the lock: an engine has one container of a name. */
const nameOf = (project: string) => `makina-image-backup-${project}`;

/** Whether a container is a helper. */
export const isHelper = (labels: Labels) => labels[STOPPED] !== undefined;

/**
 * Finds what a backup or restore that was killed has left, and removes it.
 * @throws UserError if one is at work, or one of another folder has stopped something
 */
export async function takeLeftover(engine: Engine, project: string, root: string): Promise<Leftover | undefined> {
  const name = nameOf(project);
  for (let tries = 0; ; tries += 1) {
    const { code, stdout } = await engine.ask('container', 'inspect', name);
    if (code !== 0) return undefined;
    const [{ State, Config }] = JSON.parse(stdout) as [Inspected];
    const state = State.Status;
    const labels = Config.Labels ?? {};
    if (!isHelper(labels))
      throw new UserError(
        `the container ${name} has the name that a backup of ${project} uses; rename it with ${engine.name} rename`,
        EXIT.internal,
      );
    // One that is created starts within a moment, unless its start was killed.
    if (OVER.includes(state) || (state === 'created' && tries === TRIES)) {
      const stopped = (labels[STOPPED] ?? '').split(',').filter(Boolean);
      const folder = labels[FOLDER] ?? root;
      if (folder !== root && stopped.length > 0)
        throw new UserError(
          `a backup of ${folder}, which has the same name, was killed and left containers stopped; start them with ${engine.name} start ${stopped.map((id) => id.slice(0, 12)).join(' ')}, and then type ${engine.name} rm ${name}`,
          EXIT.busy,
        );
      // Of two runs that find it, one goes on; the other one finds a helper that runs.
      await engine.ask('rm', '--volumes', name);
      return { stopped };
    }
    // One that was just killed ends within a moment.
    if (tries === TRIES)
      throw new UserError(
        `a backup or restore of ${project} is at work, in the container ${name}; wait until it ends`,
        EXIT.busy,
      );
    await sleep(POLL_MILLISECONDS);
  }
}

/** The states of a container that does not run any more. */
const OVER = ['exited', 'dead', 'stopped'];
const TRIES = 25;
const POLL_MILLISECONDS = 200;

/** Starts the helper. @throws UserError if another one is at work, the image is not there, or a folder was replaced */
export async function startHelper(request: HelperRequest): Promise<Helper> {
  const { engine, project, root, tag, mounts, names, isReadOnly, stops } = request;
  const name = nameOf(project);
  if ((await engine.ask('image', 'inspect', '--format', '{{.Id}}', tag)).code !== 0)
    throw new UserError(
      `${engine.name} has no image ${tag}, with which the files are read and written; build it, for example with makina-image up, or name another one with --image`,
      EXIT.internal,
    );
  // Otherwise it would count as a container of the project.
  const labels = { [TITLE]: name, [STOPPED]: stops.join(','), [FOLDER]: root };
  const main = engine.spawn(helperArguments({ name, tag, mounts, isReadOnly, labels }));
  main.output.resume();
  const gone = main.ended.then((end) => ({ end }));
  for (;;) {
    const early = await Promise.race([gone, sleep(100)]);
    if (early) {
      if (!/already in use/.test(early.end.tail)) await engine.ask('rm', '--volumes', name);
      throw failureOf(early.end, project, engine.name);
    }
    const { code, stdout } = await engine.ask('container', 'inspect', '--format', '{{.State.Running}}', name);
    if (code === 0 && stdout.trim() === 'true') break;
  }
  const close = async () => {
    main.input.end();
    await engine.ask('rm', '--force', '--volumes', name);
    await main.ended;
  };
  const other = await otherMount(engine, name, mounts);
  if (other >= 0) {
    await close();
    throw replaced(names[other] as string);
  }

  const script = asRunner(() => readFileSync(join(packageRoot, 'templates/restore/restore.py'), 'utf8'));
  const spawn = (...words: string[]) => engine.spawn(['exec', '--interactive', name, ...words]);
  const restoreFrom = async (content: Readable | undefined, signal: AbortSignal | undefined, ...words: string[]) => {
    const { input, output, ended } = spawn(PYTHON, '-I', '-S', '-X', 'utf8', '-c', script, VOLUMES, ...words);
    let printed = '';
    output.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const cut = () => {
      content?.unpipe(input);
      input.end();
    };
    signal?.addEventListener('abort', cut);
    // What cannot be read is cut off, and then does not have its checksum.
    content?.on('error', cut);
    if (content) content.pipe(input);
    else input.end();
    const end = await ended;
    signal?.removeEventListener('abort', cut);
    content?.destroy();
    if (end.code !== 0) throw restoreFailure(end, names);
    return printed;
  };
  return {
    spawn,
    restore: (...words) => restoreFrom(undefined, undefined, ...words),
    restoreFrom,
    close,
  };
}

/** The index of a folder that is not the one that was meant: a link was in its place when the engine mounted it. */
async function otherMount(engine: Engine, name: string, mounts: readonly HelperMount[]): Promise<number> {
  const inodes = mounts.map((each) => ('folder' in each ? each.inode : undefined));
  if (!inodes.some(Boolean)) return -1;
  const places = mounts.map((_, index) => `${VOLUMES}/${index}`);
  const { stdout } = await engine.ask('exec', name, 'stat', '-c', '%d:%i', ...places);
  const found = stdout.split('\n');
  return inodes.findIndex((inode, index) => inode !== undefined && inode !== found[index]);
}

function failureOf({ tail }: Ended, project: string, engine: string): UserError {
  if (/already in use/.test(tail))
    return new UserError(`a backup or restore of ${project} is at work; wait until it ends`, EXIT.busy);
  const last = tail.trim().split('\n').at(-1) ?? '';
  return new UserError(`${engine} cannot start the container for it: ${last}`, EXIT.internal);
}

/** The last line that restore.py prints is its sentence; a number in front of it is that of a volume. */
function restoreFailure({ code, tail }: Ended, names: readonly string[]): UserError {
  const last = tail.trim().split('\n').at(-1) ?? '';
  const [, index, sentence] = /^(\d+): (.*)$/.exec(last) ?? [];
  const known = code === EXIT.data || code === EXIT.disk ? code : EXIT.internal;
  return new UserError(sentence ? `${names[Number(index)]}: ${sentence}` : last || 'it was ended', known);
}
