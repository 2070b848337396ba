import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ANSWERS_YAML } from '../answers/yo-rc.ts';
import { type BuildOptions, buildArguments } from '../engine/arguments.ts';
import type { Engine } from '../engine/engine.ts';
import { EXIT, UserError } from '../errors.ts';
import { type Image, ownBaseImage } from '../model/schema.ts';
import { isOlder, version } from '../package.ts';
import { baseInDockerfile, DOCKERFILE } from '../project/dockerfile.ts';
import { storedAnswers } from '../project/stored.ts';
import { renderBase } from '../render/render.ts';
import { runtimeHash } from '../render/runtime-files.ts';
import { asOwner } from '../system/rights.ts';

export interface BuildRequest {
  engine: Engine;
  /** The folder of the project. */
  root: string;
  /** Build without the layers of earlier builds. */
  isFresh: boolean;
  /** An image of a registry whose layers the build takes where they fit. */
  cacheFrom: string | undefined;
  /** Handed to each build: `NAME=VALUE`, or NAME for a variable of the environment. */
  buildArgs: readonly string[];
  /** Files with certificates of authorities that the builds trust. */
  certificates: readonly string[];
  /** An empty folder, for what is made beside the project. */
  scratch: string;
  /** Ends what is under way. */
  signal: AbortSignal;
  /** Gets a sentence before each build. */
  onStep: (sentence: string) => void;
  /** Gets what the builds print. */
  onOutput: (text: string) => void;
}

export const interrupted = () => new UserError('interrupted', EXIT.interrupted);

/** @throws UserError (usage) for a certificate that is not there */
export function refuseCertificates({ certificates }: BuildRequest): void {
  for (const file of certificates)
    if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile())
      throw new UserError(`${file} is not a file; --certificate takes the file of a certificate`);
}

/**
 * Builds the image of a project, and before it the base image, if it is ours and the engine has none of this version.
 * @throws UserError with one sentence for what failed
 */
export async function buildProject(request: BuildRequest, image: Image): Promise<void> {
  const { root, onStep } = request;
  if (asOwner(root, () => storedAnswers(root)).isEdited)
    onStep(
      `${ANSWERS_YAML} was edited and not applied yet, so this builds what the answers before it made; run makina-image upgrade to apply it`,
    );
  const base = await baseArguments(request, image);
  if (request.cacheFrom !== undefined) await pullCache(request, request.cacheFrom);
  onStep(`Building ${image.name}`);
  await build(request, root, join(root, DOCKERFILE), image.name, base, request.cacheFrom);
}

/** Brings the image with the layers here. The first build of a branch has none. */
async function pullCache({ engine, signal, onStep, onOutput }: BuildRequest, image: string): Promise<void> {
  onStep(`Pulling ${image}, for its layers`);
  const { code, tail } = await engine.finish(['pull', image], signal);
  if (signal.aborted) throw interrupted();
  // A pipeline may have pulled it before, with credentials that it has given back.
  if (code !== 0 && (await engine.ask('image', 'inspect', '--format', '{{.Id}}', image)).code !== 0)
    onOutput(`${image} cannot be pulled, so every layer is built: ${tail.trim()}\n`);
}

async function build(
  request: BuildRequest,
  folder: string,
  dockerfile: string,
  image: string,
  more: string[],
  cacheFrom?: string,
): Promise<void> {
  const { engine, isFresh, onOutput, signal } = request;
  const options: BuildOptions = {
    folder,
    dockerfile,
    image,
    isFresh,
    buildArgs: [...request.buildArgs, ...more],
    cacheFrom,
  };
  await engine.run(buildArguments(engine.name, options), onOutput, signal);
  if (signal.aborted) throw interrupted();
}

/** Makes sure of the base image. @returns the arguments that lead the project's build to it, where it is not the one in its Dockerfile */
async function baseArguments(request: BuildRequest, image: Image): Promise<string[]> {
  const { buildArgs, root, certificates, scratch, onStep } = request;
  const given = buildArgs.find((each) => each.startsWith('BASE_IMAGE='))?.slice('BASE_IMAGE='.length);
  const base = given ?? asOwner(root, () => baseInDockerfile(root)) ?? image.base_image;
  if (base === ownBaseImage) await makeBase(request);
  if (certificates.length === 0) return [];
  const folder = join(scratch, 'trust');
  copyCertificates(certificates, folder);
  fs.writeFileSync(join(folder, 'Dockerfile'), TRUSTING);
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

async function makeBase(request: BuildRequest): Promise<void> {
  const { engine, isFresh, certificates, scratch, onStep } = request;
  const { stdout } = await engine.ask('image', 'inspect', '--format', '{{json .Config.Labels}}', ownBaseImage);
  if (!isFresh && isCurrentBase(stdout)) return;
  const folder = join(scratch, 'base');
  for (const [path, { bytes, executable }] of renderBase().files)
    writeBelow(join(folder, path), bytes, executable ? 0o755 : 0o644);
  copyCertificates(certificates, join(folder, 'certs'));
  onStep(`Building the base image ${ownBaseImage}, once for all projects`);
  await build(request, folder, join(folder, 'Dockerfile'), ownBaseImage, []);
}

/**
 * Whether a base image can stay: it is of a newer version, or of this one with the same runtime, which changes between two releases.
 * @param labels its labels, as JSON; anything else if there is no such image
 */
export function isCurrentBase(labels: string): boolean {
  const [, built] = /"org\.opencontainers\.image\.version":"([^"]*)"/.exec(labels) ?? [];
  if (!built || isOlder(built, version)) return false;
  return isOlder(version, built) || labels.includes(`"makina-image.runtime-hash":"${runtimeHash()}"`);
}

/** Makes its folder, too. The pipeline of an image runs this where no package is installed. */
function writeBelow(path: string, bytes: Buffer, mode: number): void {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(path, bytes, { mode });
}

function copyCertificates(files: readonly string[], folder: string): void {
  for (const [index, file] of files.entries()) {
    const name = basename(file).replace(/\.[^.]*$/, '');
    // Two files of one name are two authorities.
    writeBelow(join(folder, `${index === 0 ? name : `${name}-${index + 1}`}.crt`), fs.readFileSync(file), 0o644);
  }
}
