import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { problemsError } from '../answers/flags.ts';
import { YO_RC } from '../answers/yo-rc.ts';
import { runArguments } from '../engine/arguments.ts';
import { type Container, containerOf, inspect, remove } from '../engine/container.ts';
import type { Engine } from '../engine/engine.ts';
import { EXIT, UserError } from '../errors.ts';
import { complete } from '../model/intent.ts';
import type { Image } from '../model/schema.ts';
import { startedServices } from '../model/services.ts';
import { fixOf, storedAnswers } from '../project/stored.ts';
import { lstat } from '../system/files.ts';
import { portState } from '../system/port.ts';
import { asOwner } from '../system/rights.ts';
import { type BuildRequest, buildProject, interrupted, refuseCertificates } from './build.ts';
import { drawSecrets } from './secret-files.ts';
import { ask } from './self-test/ask.ts';
import { type ComposeProject, composeProjectOf, startServices, stopServices } from './services.ts';

export interface UpRequest extends BuildRequest {
  /** The port of the host; that of the answers if not given. */
  port: number | undefined;
  /** Folders below project/ that the container has from the host, instead of a copy. */
  live: readonly string[];
}

/** The container of a project that was started. */
export interface Started {
  container: Container;
  /** On the host. */
  port: number;
  url: string;
}

/**
 * Builds the image of a project, and starts it in the place of the container of an earlier `up`. Builds the base image first, if it
 * is ours and the engine has none of this version.
 * @throws UserError with one sentence for what failed
 */
export async function up(request: UpRequest): Promise<Started> {
  const { engine, root, live, onStep, signal } = request;
  refuseCertificates(request);
  const image = imageOf(root);
  refuseUnfinishedRestore(root);
  const compose = Object.keys(image.services).length > 0 ? await composeProjectOf(engine, root) : undefined;
  const port = request.port ?? image.publish;
  const running = await containerOf(engine, root, image.name);
  if (!running?.isRunning) await refuseTaken(port);
  await buildProject(request, image);
  await makeDataFolder(root);
  const services = compose && (await startBeside(request, image, compose));
  const old = await containerOf(engine, root, image.name);
  if (old) await remove(engine, old);
  if (signal.aborted) throw interrupted();
  onStep(`Starting ${image.name}`);
  const options = { root, name: image.name, tag: image.name, ports: [`${port}:80`], environment: {}, live, services };
  await engine.run(runArguments(image, options), () => undefined);
  return { container: (await inspect(engine, image.name)) as Container, port, url: `http://localhost:${port}/` };
}

/** Draws the secrets of the services that are not there yet, and starts them. */
async function startBeside(request: UpRequest, image: Image, compose: ComposeProject) {
  const { engine, root, onStep, onOutput, signal } = request;
  for (const file of asOwner(root, () => drawSecrets(root, image))) onStep(`Drew ${file}`);
  const names = startedServices(image).map(({ name }) => name);
  if (names.length > 0) onStep(`Starting ${names.join(' and ')}`);
  try {
    const network = await startServices(compose, image, onOutput, signal);
    return { network, secretsIn: root };
  } catch (error) {
    if (signal.aborted) await stopServices(engine, root, image);
    throw error;
  }
}

/**
 * Waits until a container is healthy, by the health check of its image.
 * @returns false when it ended before
 */
export async function isHealthy(engine: Engine, { id, healthcheck }: Container, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (!healthcheck || (await engine.succeeds(['exec', id, ...healthcheck], signal))) return true;
    if (!(await inspect(engine, id))?.isRunning) return false;
    await sleep(POLL_MILLISECONDS);
  }
  return false;
}

const POLL_MILLISECONDS = 200;

/** How long a program may take for its first answer, after the container is healthy. */
const ANSWER_MILLISECONDS = 10_000;
/** Before the first request; each pause is twice the one before, since nginx logs each failure. */
const FIRST_PAUSE = 250;

/** What nginx answers while a program does not yet. */
export const NOT_YET: readonly number[] = [502, 503, 504];

/**
 * Asks for the first page, until a program answers.
 * @returns the status of the last answer; undefined if there was none
 */
export async function statusOf(port: number, signal: AbortSignal): Promise<number | undefined> {
  const request = { path: '/', host: `localhost:${port}`, method: 'GET', headers: {} };
  const late = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MILLISECONDS)]);
  for (let status: number | undefined, pause = FIRST_PAUSE; ; pause *= 2) {
    try {
      await sleep(pause, undefined, { signal: late });
      ({ status } = await ask(request, port, false, late));
    } catch {
      return status;
    }
    if (!NOT_YET.includes(status)) return status;
  }
}

/**
 * Stops the container of a project and its services gracefully, and removes them; data and volumes stay.
 * @returns the name of the project, undefined if nothing of it was there
 */
export async function down(engine: Engine, root: string): Promise<string | undefined> {
  const image = imageOf(root);
  const container = await containerOf(engine, root, image.name);
  if (container) await remove(engine, container);
  const hadServices = await stopServices(engine, root, image);
  return container || hadServices ? image.name : undefined;
}

/** The image that the answers of a project describe. @throws UserError if there are none */
export function imageOf(root: string): Image {
  const stored = asOwner(root, () => storedAnswers(root));
  const { intent } = stored;
  if (!intent)
    throw new UserError(
      `${root} has no ${YO_RC} with the answers of a project; name the folder of a project`,
      EXIT.internal,
    );
  const { image, problems = [] } = complete(intent);
  if (!image) throw problemsError(problems, fixOf(stored));
  return image;
}

/** The image would not start on half of the data, and a service would: it does not look. */
function refuseUnfinishedRestore(root: string): void {
  const data = join(root, 'data');
  const own = asOwner(root, () => lstat(join(data, '.makina-restore')));
  // A program can write there too, but not as root.
  if (own?.isDirectory() && own.uid === 0 && (own.mode & 0o077) === 0)
    throw new UserError(
      `${data} has a restore that is under way or was interrupted; run makina-image restore-data, and start this again`,
      EXIT.internal,
    );
}

/** Made by the engine, it would be root's. A link would lead the container, which starts as root, to any folder of the host. */
async function makeDataFolder(root: string): Promise<void> {
  const { default: fse } = await import('fs-extra');
  const data = join(root, 'data');
  asOwner(root, () => {
    if (lstat(data)?.isSymbolicLink())
      throw new UserError(
        `${data} is a link, and the container starts as root in it; replace it with a folder`,
        EXIT.internal,
      );
    fse.ensureDirSync(join(data, 'configuration'));
  });
}

async function refuseTaken(port: number): Promise<void> {
  if ((await portState(port)) !== 'taken') return;
  const other = port === 65535 ? port - 1 : port + 1;
  throw new UserError(
    `port ${port} is taken on this host; stop what uses it, or add --publish ${other}`,
    EXIT.internal,
  );
}
