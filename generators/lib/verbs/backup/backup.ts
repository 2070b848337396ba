import { dirname } from 'node:path';
import { COMPOSE_SERVICE, inspect, TITLE } from '../../engine/container.ts';
import type { Engine } from '../../engine/engine.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { Image } from '../../model/schema.ts';
import { interrupted } from '../build.ts';
import { imageOf } from '../up.ts';
import { type Helper, startHelper, takeLeftover } from './helper.ts';
import { called, type Store } from './manifest.ts';
import { refuseOutput, removeUnfinished } from './output.ts';
import { type Inventory, inventoryOf, mountOf, type User } from './stores.ts';
import { type Written, writeBackup } from './write.ts';

export interface BackupRequest {
  engine: Engine;
  /** The folder of the project. */
  root: string;
  /** Where the backup is written. */
  file: string;
  /** The image that reads the files; undefined for that of the project's container, or the one with the project's name. */
  tag: string | undefined;
  /** Volumes that are left out. */
  without: readonly string[];
  /** ISO 8601, in UTC. */
  created: string;
  signal: AbortSignal;
  /** Gets a sentence before each step, and about what is not backed up. */
  onStep: (sentence: string) => void;
  /** Gets what the hook prints. */
  onOutput: (text: string) => void;
}

/** The owner's command that makes the files of the running programs ready, and is called again at the end. */
export const HOOK = 'backup-hook';

/**
 * Backs up the data of a project. The containers that use it are stopped meanwhile, or the hook of its image is called.
 * @returns what the backup holds, and how large it is
 * @throws UserError with one sentence; what was stopped runs again, and there is no file unless the sentence says so
 */
export async function backup(request: BackupRequest): Promise<Written> {
  const { engine, root, file, created, signal, onStep } = request;
  const image = imageOf(root);
  refuseOutput(file, image.name);
  const inventory = await inventoryOf(engine, root, image);
  const stores = storesOf(inventory, request.without);
  const running = inventory.users.filter(({ isRunning }) => isRunning);
  const ofImage = running.filter(({ labels, isOurs }) => isOurs && labels[TITLE] === image.name);
  // Compose may run more of the image beside it.
  const app = ofImage.find(({ labels, name }) => [name, labels[COMPOSE_SERVICE]].includes(image.name)) ?? ofImage[0];
  const hook = app && (await hookOf(engine, image, app));
  const toStop = hook ? [] : stoppable(running, app);
  const left = await takeLeftover(engine, image.name, root);
  const killed = inventory.users.filter(({ id, isRunning }) => !isRunning && left?.stopped.includes(id));
  if (killed.length > 0)
    onStep(`An earlier backup was killed and left ${namesOf(killed)} stopped; that is started again at the end`);
  for (const note of inventory.notes) onStep(`Not backed up: ${note}`);
  for (const warning of inventory.warnings) onStep(warning);

  const restarted = [...toStop, ...killed];
  const names = stores.map(called);
  let helper: Helper | undefined;
  const work = async () => {
    helper = await startHelper({
      ...{ engine, root, names, project: image.name, tag: request.tag ?? app?.imageId ?? image.name, isReadOnly: true },
      mounts: stores.map((store) => mountOf(store, inventory)),
      stops: restarted.map(({ id }) => id),
    });
    await refuseUnfinishedRestore(helper, names);
    if (removeUnfinished(dirname(file), image.name, created) > 0)
      onStep('Removed what a backup that was killed had written');
    const consistency = hook ? 'hook' : toStop.length > 0 ? 'stopped' : 'nothing ran';
    const more = { helper, file, project: image.name, created, stores, consistency, signal, onStep } as const;
    if (hook) return await betweenCalls(request, hook, () => writeBackup(more));
    await stop(request, toStop);
    return await writeBackup(more);
  };
  const [written, error] = await work().then(
    (result) => [result, undefined] as const,
    (reason: Error) => [undefined, reason] as const,
  );
  const dead = await startAgain(engine, restarted);
  // Until now it named the containers that are to be started, for a run that is killed.
  await helper?.close();
  if (dead.length > 0) {
    const commands = dead.map(({ name }) => `${engine.name} start ${name}`).join(' && ');
    const first = error ? error.message : `${file} is written`;
    throw new UserError(`${first}; but ${namesOf(dead)} did not start again: ${commands} shows why`, EXIT.internal);
  }
  if (!written) throw error;
  return written;
}

const namesOf = (users: readonly User[]) => users.map(({ name }) => name).join(' and ');

function storesOf({ folders, volumes }: Inventory, without: readonly string[]): Store[] {
  const unknown = without.find((name) => !volumes.has(name));
  if (unknown !== undefined)
    throw new UserError(
      `--without ${unknown} is not a volume of the project; it has ${[...volumes.keys()].join(', ') || 'none'}`,
    );
  const stores: Store[] = [
    ...[...folders.keys()].map((name) => ({ kind: 'folder', name }) as const),
    ...[...volumes].map(([name, labels]) => ({ kind: 'volume', name, labels }) as const),
  ].filter(({ name }) => !without.includes(name));
  if (stores.length === 0)
    throw new UserError('there is nothing to back up: no data folder and no volume', EXIT.internal);
  return stores;
}

/** The containers to stop, the application before what it needs. @throws UserError for one of someone else */
function stoppable(running: readonly User[], app: User | undefined): User[] {
  const other = running.find(({ isOurs }) => !isOurs);
  if (other)
    throw new UserError(
      `the container ${other.name}, which is not the project's, uses its data; stop it yourself first`,
      EXIT.busy,
    );
  return running.toSorted((one, another) => Number(another === app) - Number(one === app));
}

/** The command of the hook in a container; undefined if its image has none. */
async function hookOf(engine: Engine, image: Image, { id, name }: User): Promise<Hook | undefined> {
  const path = `/srv/projects/${image.name}/project/${HOOK}`;
  const { code } = await engine.ask('exec', id, 'test', '-x', path);
  return code === 0 ? { id, name, path } : undefined;
}

interface Hook {
  id: string;
  name: string;
  path: string;
}

/** @throws UserError if the content of a volume may be half of an old and half of a new one */
async function refuseUnfinishedRestore(helper: Helper, names: readonly string[]): Promise<void> {
  const states = JSON.parse(await helper.restore('find')) as (object | null)[];
  const at = states.findIndex(Boolean);
  if (at >= 0)
    throw new UserError(
      `${names[at]} has a restore that was interrupted; finish it first with makina-image restore-data`,
      EXIT.internal,
    );
}

/** Writes between the two calls of the hook. */
async function betweenCalls(request: BackupRequest, hook: Hook, write: () => Promise<Written>): Promise<Written> {
  const { engine, file, onStep, onOutput, signal } = request;
  const call = async (when: 'before' | 'after', isCut: AbortSignal | undefined, but = '') => {
    onStep(`Calling ${HOOK} ${when} in ${hook.name}`);
    const { code, tail } = await engine.finish(['exec', hook.id, hook.path, when], isCut);
    onOutput(tail);
    if (isCut?.aborted) throw interrupted();
    if (code !== 0) throw new UserError(`${but}${HOOK} ${when} ended with ${code}; its output is above`, EXIT.internal);
  };
  let written: Written;
  try {
    await call('before', signal);
    written = await write();
  } catch (error) {
    await call('after', undefined, `${(error as Error).message}; and `);
    throw error;
  }
  await call('after', undefined, `${file} is written; but `);
  return written;
}

/** Stops containers; `startAgain` starts them. */
async function stop({ engine, onStep, signal }: BackupRequest, users: readonly User[]): Promise<void> {
  for (const { id, name } of users) {
    if (signal.aborted) throw interrupted();
    onStep(`Stopping ${name}`);
    // The engine goes on with a stop whose command is cut off, and would stop the container after its start.
    const { code, tail } = await ended(engine, 'stop', id);
    if (code !== 0) throw new UserError(`${name} cannot be stopped: ${tail.trim()}`, EXIT.internal);
    if ((await inspect(engine, id))?.exitCode === KILLED)
      onStep(`${name} was killed, since it took too long to stop: what it was writing may be incomplete`);
  }
}

const KILLED = 137;

/** Starts containers in the opposite order. @returns those that did not start */
async function startAgain(engine: Engine, users: readonly User[]): Promise<User[]> {
  const dead: User[] = [];
  for (const user of users.toReversed()) if ((await ended(engine, 'start', user.id)).code !== 0) dead.push(user);
  return dead;
}

/** Runs a command that Ctrl-C does not reach. */
async function ended(engine: Engine, ...args: string[]) {
  const { output, ended: end } = engine.spawn(args);
  output.resume();
  return await end;
}
