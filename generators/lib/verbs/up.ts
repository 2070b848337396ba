import fs from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { problemsError } from '../answers/flags.ts';
import { YO_RC } from '../answers/yo-rc.ts';
import { type BuildOptions, buildArguments, runArguments } from '../engine/arguments.ts';
import { type Container, containerOf, inspect, remove } from '../engine/container.ts';
import type { Engine } from '../engine/engine.ts';
import { EXIT, UserError } from '../errors.ts';
import { complete } from '../model/intent.ts';
import { type Image, ownBaseImage } from '../model/schema.ts';
import { isOlder, version } from '../package.ts';
import { baseInDockerfile, DOCKERFILE } from '../project/dockerfile.ts';
import { readYoRc } from '../project/project.ts';
import { renderBase } from '../render/render.ts';
import { lstat } from '../system/files.ts';
import { portState } from '../system/port.ts';
import { asOwner } from '../system/rights.ts';

export interface UpRequest {
  engine: Engine;
  /** The folder of the project. */
  root: string;
  /** The port of the host; that of the answers if not given. */
  port: number | undefined;
  /** Build without the layers of earlier builds. */
  isFresh: boolean;
  /** Handed to each build: `NAME=VALUE`, or NAME for a variable of the environment. */
  buildArgs: readonly string[];
  /** Files with certificates of authorities that the builds trust. */
  certificates: readonly string[];
  /** An empty folder, for what is built beside the project. */
  scratch: string;
  /** Ends what is under way. */
  signal: AbortSignal;
  /** Gets a sentence before each step. */
  onStep: (sentence: string) => void;
  /** Gets what the builds print. */
  onOutput: (text: string) => void;
}

/** The container of a project that was started. */
export interface Started {
  container: Container;
  url: string;
}

/**
 * Builds the image of a project, and starts it in the place of the container of an earlier `up`. Builds the base image first, if it
 * is ours and the engine has none of this version.
 * @throws UserError with one sentence for what failed
 */
export async function up(request: UpRequest): Promise<Started> {
  const { engine, root, certificates, onStep, signal } = request;
  for (const file of certificates)
    if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile())
      throw new UserError(`${file} is not a file; --certificate takes the file of a certificate`);
  const image = imageOf(root);
  const port = request.port ?? image.publish;
  const running = await containerOf(engine, root, image.name);
  if (!running?.isRunning) await refuseTaken(port);
  const base = await baseArguments(request, image);
  onStep(`Building ${image.name}`);
  await build(request, root, join(root, DOCKERFILE), image.name, base);
  await makeDataFolder(root);
  const old = await containerOf(engine, root, image.name);
  if (old) await remove(engine, old);
  if (signal.aborted) throw interrupted();
  onStep(`Starting ${image.name}`);
  await engine.run(runArguments(root, image, port), () => undefined);
  return { container: (await inspect(engine, image.name)) as Container, url: `http://localhost:${port}/` };
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

/**
 * Stops the container of a project gracefully, and removes it; its data and volumes stay.
 * @returns the name of the container, undefined if there was none
 */
export async function down(engine: Engine, root: string): Promise<string | undefined> {
  const { name } = imageOf(root);
  const container = await containerOf(engine, root, name);
  if (!container) return undefined;
  await remove(engine, container);
  return name;
}

/** The image that the answers of a project describe. @throws UserError if there are none */
export function imageOf(root: string): Image {
  const { intent } = asOwner(root, () => readYoRc(root));
  if (!intent)
    throw new UserError(
      `${root} has no ${YO_RC} with the answers of a project; name the folder of a project`,
      EXIT.internal,
    );
  const { image, problems = [] } = complete(intent);
  if (!image) throw problemsError(problems);
  return image;
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

async function build(
  request: UpRequest,
  folder: string,
  dockerfile: string,
  image: string,
  more: string[],
): Promise<void> {
  const { engine, isFresh, onOutput, signal } = request;
  const options: BuildOptions = { folder, dockerfile, image, isFresh, buildArgs: [...request.buildArgs, ...more] };
  await engine.run(buildArguments(engine.name, options), onOutput, signal);
  if (signal.aborted) throw interrupted();
}

/** Makes sure of the base image. @returns the arguments that lead the project's build to it, where it is not the one in its Dockerfile */
async function baseArguments(request: UpRequest, image: Image): Promise<string[]> {
  const { buildArgs, root, certificates, scratch, onStep } = request;
  const given = buildArgs.find((each) => each.startsWith('BASE_IMAGE='))?.slice('BASE_IMAGE='.length);
  const base = given ?? asOwner(root, () => baseInDockerfile(root)) ?? image.base_image;
  if (base === ownBaseImage) await makeBase(request);
  if (certificates.length === 0) return [];
  const folder = join(scratch, 'trust');
  await copyCertificates(certificates, folder);
  const { default: fse } = await import('fs-extra');
  await fse.writeFile(join(folder, 'Dockerfile'), TRUSTING);
  const trusting = `${image.name}-base`;
  onStep(`Adding the certificates to ${base}, as ${trusting}`);
  await build(request, folder, join(folder, 'Dockerfile'), trusting, [`BASE_IMAGE=${base}`]);
  return [`BASE_IMAGE=${trusting}`];
}

/** Debian's store for curl and apt, and the variables that lead pip and Node to it. */
const TRUSTING = `ARG BASE_IMAGE
FROM \${BASE_IMAGE}
COPY *.crt /usr/local/share/ca-certificates/
RUN update-ca-certificates
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
`;

async function makeBase(request: UpRequest): Promise<void> {
  const { engine, isFresh, certificates, scratch, onStep } = request;
  const { code, stdout } = await engine.ask('image', 'inspect', '--format', '{{json .Config.Labels}}', ownBaseImage);
  const built = code === 0 ? /"org\.opencontainers\.image\.version":"([^"]*)"/.exec(stdout)?.[1] : undefined;
  if (built && !isOlder(built, version) && !isFresh) return;
  const folder = join(scratch, 'base');
  const { default: fse } = await import('fs-extra');
  for (const [path, { bytes, executable }] of renderBase().files)
    await fse.outputFile(join(folder, path), bytes, { mode: executable ? 0o755 : 0o644 });
  await copyCertificates(certificates, join(folder, 'certs'));
  onStep(`Building the base image ${ownBaseImage}, once for all projects`);
  await build(request, folder, join(folder, 'Dockerfile'), ownBaseImage, []);
}

async function copyCertificates(files: readonly string[], folder: string): Promise<void> {
  const { default: fse } = await import('fs-extra');
  for (const [index, file] of files.entries()) {
    const name = basename(file).replace(/\.[^.]*$/, '');
    // Two files of one name are two authorities.
    await fse.copy(file, join(folder, `${index === 0 ? name : `${name}-${index + 1}`}.crt`));
  }
}

const interrupted = () => new UserError('interrupted', EXIT.interrupted);
