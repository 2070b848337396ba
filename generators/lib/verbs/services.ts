/** The services beside an image: Compose runs them, since they are in its words. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from '../engine/container.ts';
import type { Compose, Engine } from '../engine/engine.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Image } from '../model/schema.ts';
import { startedServices } from '../model/services.ts';
import { lstat } from '../system/files.ts';
import { interrupted } from './build.ts';

/** A project of Compose. */
export interface ComposeProject {
  engine: Engine;
  compose: Compose;
  /** The arguments that say which one: files, folder and perhaps a name. */
  which: readonly string[];
}

/** Those that Compose reads in the folder of a project. */
export const COMPOSE_FILES = ['compose.yaml', 'compose.override.yml', 'compose.override.yaml'];

/**
 * The one that `docker compose` in the folder of a project is about: its services are the same, whoever starts them.
 * @throws UserError when there is no Compose
 */
export async function composeProjectOf(engine: Engine, root: string): Promise<ComposeProject> {
  const files = COMPOSE_FILES.map((file) => join(root, file)).filter((file) => lstat(file));
  const which = [...files.flatMap((file) => ['--file', file]), '--project-directory', root];
  return { engine, compose: await engine.compose(), which };
}

/**
 * Starts the services of an image, and waits until those with a health check are healthy.
 * @returns the network that they are in, if there is one
 * @throws UserError for one that does not start
 */
export async function startServices(
  { compose, which, engine }: ComposeProject,
  image: Image,
  onOutput: (text: string) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const names = startedServices(image).map(({ name }) => name);
  if (names.length === 0) return undefined;
  await compose.run([...which, 'up', '--detach', ...names], onOutput, signal);
  if (signal.aborted) throw interrupted();
  const late = AbortSignal.timeout(LONGEST_MILLISECONDS);
  const networks: string[] = [];
  for (const name of names) {
    const { stdout } = await compose.ask(...which, 'ps', '--all', '--quiet', name);
    networks.push(...(await healthy(engine, name, stdout.split('\n')[0] as string, { signal, late })));
  }
  return networks.find((network) => !SHARED.includes(network));
}

const LONGEST_MILLISECONDS = 300_000;
const POLL_MILLISECONDS = 200;
/** Networks of the engine itself. */
const SHARED = ['bridge', 'host', 'none'];

interface Inspected {
  State: { Running: boolean; Health?: { Status: string } | null };
  NetworkSettings: { Networks: Record<string, unknown> };
}

interface Patience {
  signal: AbortSignal;
  late: AbortSignal;
}

/** Waits until a service is healthy. @returns the networks that it is in */
async function healthy(engine: Engine, name: string, id: string, { signal, late }: Patience): Promise<string[]> {
  for (;;) {
    const { code, stdout } = await engine.ask('container', 'inspect', id);
    const [found] = code === 0 ? (JSON.parse(stdout) as [Inspected]) : [];
    const health = found?.State.Health?.Status;
    if (found && (health === 'healthy' || (health === undefined && found.State.Running)))
      return Object.keys(found.NetworkSettings.Networks);
    if (signal.aborted) throw interrupted();
    if (!found || health === 'unhealthy' || late.aborted)
      throw new UserError(
        `the service ${name} does not get healthy; ${engine.name} logs ${id.slice(0, 12)} says why`,
        EXIT.internal,
      );
    await sleep(POLL_MILLISECONDS);
  }
}

/**
 * Stops the services of a project and removes them, but not their volumes; leaves all alone while Compose runs the image too.
 * @returns whether there were some
 */
export async function stopServices(engine: Engine, root: string, image: Image): Promise<boolean> {
  if (startedServices(image).length === 0) return false;
  const { compose, which } = await composeProjectOf(engine, root);
  const [id] = (await compose.ask(...which, 'ps', '--quiet', image.name)).stdout.split('\n');
  if (id && (await inspect(engine, id))?.isRunning) return false;
  const { stdout } = await compose.ask(...which, 'ps', '--all', '--quiet');
  await compose.run([...which, 'down'], () => undefined);
  return stdout.trim() !== '';
}
