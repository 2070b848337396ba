import fs from 'node:fs';
import { basename, join, posix, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Container, inspect } from '../engine/container.ts';
import { UserError } from '../errors.ts';
import { isWithin } from '../model/path-checks.ts';
import type { Image } from '../model/schema.ts';
import { earlyFiles } from '../render/copied.ts';
import { asOwner } from '../system/rights.ts';
import { MAKINA } from './in-container.ts';
import { imageOf, type UpRequest } from './up.ts';

/** What a change of a file needs: its programs start again, its settings are applied, or the image is built again. */
export type Reaction = 'restart' | 'reconfigure' | 'build';

/** The later ones do what those before them do. */
const REACTIONS: readonly Reaction[] = ['restart', 'reconfigure', 'build'];

/** Where files are that an image is made from, and the override. */
const WATCHED = ['project', 'pillar', 'custom.sls', '.dockerignore', 'data/configuration'];
const OVERRIDE = 'data/configuration/pillar.sls';

/** What editors and programs write for themselves. */
const PASSING = /^(\.git|node_modules|__pycache__|4913|.*~|\.#.*|#.*#|.*\.(pyc|tmp|sw[a-z]))$/;

/** One save of an editor is several events. */
const SETTLE_MILLISECONDS = 30;

/** The folders of project/ with code, by name: a watched container has them from the host. Hidden ones, such as `.salt`, and links are left out. */
export function codeFolders(root: string): string[] {
  const entries = asOwner(root, () => fs.readdirSync(join(root, 'project'), { withFileTypes: true }));
  return entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : []));
}

/**
 * What a change of a file needs.
 * @param path below the project's folder
 * @param folders those of codeFolders
 * @returns undefined if the container does not use the file
 */
export function reactionTo(path: string, image: Image, folders: readonly string[]): Reaction | undefined {
  if (path === OVERRIDE) return 'reconfigure';
  if (path.split('/').some((name) => PASSING.test(name)) || isWithin(path, 'data')) return undefined;
  const isIn = (places: readonly string[]) => places.some((place) => isWithin(path, posix.join('project', place)));
  if (isIn(earlyFiles(image))) return 'build';
  if (isIn(Object.values(image.configs).map(({ source }) => source))) return isIn(folders) ? 'reconfigure' : 'build';
  return isIn(folders) ? 'restart' : 'build';
}

/**
 * The programs that run code of some folders: those that name one in their command, folder or environment, or else all.
 * A oneshot is left out, since it has run.
 */
export function programsUsing({ programs }: Image, folders: readonly string[]): string[] {
  const lasting = Object.entries(programs).filter(([, { oneshot }]) => !oneshot);
  const using = lasting.filter(([, { cmd, working_dir, env }]) =>
    [cmd, working_dir, ...Object.values(env)].some((text) =>
      text.split(/[^\w-]+/).some((word) => folders.includes(word)),
    ),
  );
  return (using.length > 0 ? using : lasting).map(([name]) => name);
}

/** The first file of some folders that the user of the container cannot read, below the project's folder. */
export function unreadableFile(root: string, folders: readonly string[]): string | undefined {
  const READABLE = 0o004;
  const ENTERABLE = 0o005;
  return asOwner(root, () => {
    for (const folder of folders) {
      const top = join(root, 'project', folder);
      const below = fs.readdirSync(top, { recursive: true, encoding: 'utf8' }).map((name) => join(top, name));
      const found = [top, ...below].find((path) => {
        const stat = fs.lstatSync(path, { throwIfNoEntry: false });
        const needed = stat?.isDirectory() ? ENTERABLE : READABLE;
        return stat && !stat.isSymbolicLink() && (stat.mode & needed) !== needed;
      });
      if (found) return relative(root, found);
    }
    return undefined;
  });
}

/**
 * Reacts to changes of a project's files, until `signal`: restarts the programs that run what changed, or applies the override.
 * @param container the one that `up` started with the same request
 * @param onBuild called where only a build helps, or where the container has ended
 */
export async function watch(
  { engine, root, live, onStep, onOutput }: UpRequest,
  container: Container,
  signal: AbortSignal,
  onBuild: () => void,
): Promise<void> {
  const image = imageOf(root);
  const programs = programsUsing(image, live);
  const commands = {
    restart: { words: ['restart', ...programs], what: `restarting ${programs.join(' and ')}` },
    reconfigure: { words: ['reconfigure'], what: 'applying the settings' },
  };
  const tell = (error: Error) => onStep(`${error.message}; edits of it are not seen`);
  await eachReaction({ root, image, live, signal, tell }, async (reaction, path) => {
    // One that has ended has nothing to restart.
    if (reaction === 'build' || !(await inspect(engine, container.id))?.isRunning) {
      onStep(`${path} has changed: building again`);
      return onBuild();
    }
    const { words, what } = commands[reaction];
    if (reaction === 'restart' && programs.length === 0) return onStep(`${path} has changed`);
    onStep(`${path} has changed: ${what}`);
    try {
      await engine.run(['exec', container.id, MAKINA, ...words], onOutput, signal);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // What it printed says why.
      if (!(await inspect(engine, container.id))?.isRunning) onBuild();
    }
  });
}

interface Observed extends Pick<UpRequest, 'root' | 'live' | 'signal'> {
  image: Image;
  /** Gets what cannot be watched. */
  tell: (error: Error) => void;
}

/** Calls `react` for changes of a project's files, one at a time, until `signal`: with the reaction, and the first path that needs it. */
async function eachReaction(
  { root, image, live, signal, tell }: Observed,
  react: (reaction: Reaction, path: string) => Promise<void>,
): Promise<void> {
  const { watch: observe } = await import('chokidar');
  const observer = observe(
    WATCHED.map((path) => join(root, path)),
    { ignoreInitial: true, followSymlinks: false, ignored: (path) => PASSING.test(basename(path)) },
  );
  const changed = new Map<Reaction, string>();
  let wake = () => {};
  signal.addEventListener('abort', () => wake());
  observer.on('error', (error) => tell(error as Error));
  observer.on('all', (_event, path) => {
    const below = relative(root, path);
    const reaction = reactionTo(below, image, live);
    if (reaction && !changed.has(reaction)) changed.set(reaction, below);
    if (reaction) wake();
  });
  try {
    while (!signal.aborted) {
      const strongest = REACTIONS.findLast((reaction) => changed.has(reaction));
      if (strongest) {
        const path = changed.get(strongest) as string;
        changed.clear();
        await react(strongest, path);
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        await sleep(SETTLE_MILLISECONDS);
      }
    }
  } finally {
    await observer.close();
  }
}
