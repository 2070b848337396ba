/** The container that a project is tested in: with a data folder, volumes, a name and ports of its own. */

import fs from 'node:fs';
import { join } from 'node:path';
import { LABEL, type RunOptions, runArguments } from '../../engine/arguments.ts';
import { inspect } from '../../engine/container.ts';
import type { Engine } from '../../engine/engine.ts';
import { EXIT, UserError } from '../../errors.ts';
import { namedVolumes } from '../../model/docker-run.ts';
import type { Image } from '../../model/schema.ts';
import { SECRETS_FOLDER } from '../../model/services.ts';
import { servicesAlone } from '../../render/services.ts';
import { codeOf } from '../../system/files.ts';
import { drawSecrets } from '../secret-files.ts';
import { type ComposeProject, startServices } from '../services.ts';
import { isHealthy } from '../up.ts';

export interface Bench {
  engine: Engine;
  /** The folder of the project. */
  project: string;
  image: Image;
  run: RunOptions;
  /** How long a start may take. */
  seconds: number;
  signal: AbortSignal;
}

export const failure = (sentence: string) => new UserError(sentence, EXIT.internal);

/** The data folder, as `new` makes that of a project. */
export function makeData({ run }: Bench): void {
  for (const folder of ['data', 'data/configuration']) {
    fs.mkdirSync(join(run.root, folder));
    // The programs of the container have other users.
    fs.chmodSync(join(run.root, folder), 0o755);
  }
}

/** Starts the services of the image, with secrets, volumes and a network of their own. */
export async function startBeside(bench: Bench): Promise<void> {
  const { image, run, signal } = bench;
  drawSecrets(run.root, image);
  fs.writeFileSync(servicesFile(bench), servicesAlone(image, join(run.root, SECRETS_FOLDER)));
  const network = await startServices(await servicesProject(bench), image, () => undefined, signal);
  bench.run = { ...run, services: { network, secretsIn: run.root } };
}

const servicesFile = ({ run }: Bench) => join(run.root, 'services.yaml');

/** Their paths of the host begin in the project's folder. */
async function servicesProject(bench: Bench): Promise<ComposeProject> {
  const { engine, project, run } = bench;
  const which = [
    '--file',
    servicesFile(bench),
    '--project-directory',
    project,
    '--project-name',
    run.name.toLowerCase(),
  ];
  return { engine, compose: await engine.compose(), which };
}

export async function start(bench: Bench): Promise<void> {
  await bench.engine.run(runArguments(bench.image, bench.run), () => undefined);
  await waitUntilHealthy(bench);
}

export async function waitUntilHealthy({ engine, run, seconds, signal }: Bench): Promise<void> {
  const late = AbortSignal.timeout(seconds * 1000);
  const container = await inspect(engine, run.name);
  if (container && (await isHealthy(engine, container, AbortSignal.any([signal, late])))) return;
  if (late.aborted) throw failure(`it is not healthy after ${seconds} s; \`seconds\` in test.yaml gives it more`);
  const ended = await inspect(engine, run.name);
  throw failure(`it has ended with ${ended?.exitCode} before it was healthy`);
}

/** Stops it gracefully. @throws UserError unless it ends with 0 */
export async function stop({ engine, run, signal }: Bench): Promise<void> {
  await engine.run(['stop', run.name], () => undefined, signal);
  const code = (await inspect(engine, run.name))?.exitCode;
  const killed = code === 137 ? ': it was killed, since its programs took too long' : '';
  if (code !== 0) throw failure(`it has ended with ${code}, not 0${killed}`);
}

/** The port of 127.0.0.1 on which a port of the container is published. */
export async function hostPort({ engine, run }: Bench, port: number): Promise<number> {
  const { stdout } = await engine.ask('port', run.name, `${port}/tcp`);
  const [, found] = /:(\d+)$/m.exec(stdout) ?? [];
  if (!found) throw failure(`the engine does not publish its port ${port}`);
  return Number(found);
}

const LINES = '25';

/** The last lines of its log. */
export async function logOf({ engine, run }: Bench): Promise<string> {
  const { code, tail } = await engine.finish(['logs', '--tail', LINES, run.name]);
  return code === 0 ? tail.trim() : '';
}

const volumesOf = ({ image, run }: Bench) => namedVolumes({ ...image, name: run.name }).map(({ name }) => name);
const TRIES = 3;

/** Removes everything. @returns what is left nevertheless */
export async function removeAll(bench: Bench): Promise<string[]> {
  const { engine, run } = bench;
  let left: string[] = [];
  const services = fs.existsSync(servicesFile(bench)) ? await servicesProject(bench) : undefined;
  // Ctrl-C in a terminal ends the engine's commands, too.
  for (let tries = 0; tries < TRIES; tries += 1) {
    await engine.finish(['rm', '--force', '--volumes', run.name]);
    if (services) await services.compose.finish([...services.which, 'down', '--volumes', '--timeout', '0']);
    const volumes = volumesOf(bench);
    if (volumes.length > 0) await engine.finish(['volume', 'rm', ...volumes]);
    await removeData(bench);
    left = await leftOf(bench);
    if (left.length === 0) break;
  }
  return left;
}

/** The programs' files belong to users of the container, whom only root of a container can act for. */
async function removeData({ engine, run }: Bench): Promise<void> {
  const data = join(run.root, 'data');
  try {
    await fs.promises.rm(data, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) throw error;
    const source = `"source=${data.replaceAll('"', '""')}"`;
    await engine.finish([
      ...['run', '--rm', '--name', `${run.name}-clean`, '--label', `${LABEL}=${run.root}`],
      ...['--network', 'none', '--user', '0', '--mount', `type=bind,${source},target=/mnt`],
      ...['--entrypoint', 'find', run.tag, '/mnt', '-mindepth', '1', '-delete'],
    ]);
    await fs.promises.rm(data, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function leftOf(bench: Bench): Promise<string[]> {
  const { engine, run } = bench;
  const ids = async (...args: string[]) => (await engine.ask(...args)).stdout.split('\n').filter(Boolean);
  const labels = [`${LABEL}=${run.root}`, `com.docker.compose.project=${run.name.toLowerCase()}`];
  const found = labels.map((label) => ids('ps', '--all', '--filter', `label=${label}`, '--format', '{{.Names}}'));
  const containers = (await Promise.all(found)).flat();
  const wanted = volumesOf(bench);
  const volumes = wanted.length > 0 ? await ids('volume', 'ls', '--quiet') : [];
  return [
    ...containers.map((name) => `the container ${name}`),
    ...volumes.filter((name) => wanted.includes(name)).map((name) => `the volume ${name}`),
    ...(fs.existsSync(join(run.root, 'data')) ? [`the folder ${run.root}/data`] : []),
  ];
}
