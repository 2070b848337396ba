/** The command lines of an engine: what docker and podman take. */

import { namedVolumes, stopTimeout } from '../model/docker-run.ts';
import type { Image } from '../model/schema.ts';
import { secretMounts } from '../model/services.ts';
import type { Engine } from './engine.ts';

/** Marks a container with the folder of its project. */
export const LABEL = 'makina-image.project';

export interface BuildOptions {
  /** What is built: the folder that is sent to the engine. */
  folder: string;
  dockerfile: string;
  image: string;
  /** `NAME=VALUE`, or NAME for a variable of the environment. */
  buildArgs: readonly string[];
  /** Without the layers of earlier builds. */
  isFresh: boolean;
  /** An image whose layers are taken where they fit. */
  cacheFrom?: string | undefined;
}

/** Builds an image. */
export function buildArguments(engine: Engine['name'], options: BuildOptions): string[] {
  const { folder, dockerfile, image, buildArgs, isFresh, cacheFrom } = options;
  return [
    'build',
    // Without it podman drops the health check.
    ...(engine === 'podman' ? ['--format', 'docker'] : []),
    ...(isFresh ? ['--no-cache'] : []),
    // Without the argument BuildKit would not find the layers of this image in a later build.
    ...(cacheFrom === undefined ? [] : ['--cache-from', cacheFrom, '--build-arg', 'BUILDKIT_INLINE_CACHE=1']),
    ...buildArgs.flatMap((each) => ['--build-arg', each]),
    ...['--tag', image, '--file', dockerfile, folder],
  ];
}

export interface RunOptions {
  /** The folder that has data/ in it; it marks the container. */
  root: string;
  /** The container's name, with which those of its volumes begin. */
  name: string;
  /** The image that is run. */
  tag: string;
  /** What is published, as `8080:80`. */
  ports: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Folders below project/ that the container has from the host, instead of a copy. */
  live: readonly string[];
  /** Where the services of the image run, if it has some. */
  services?: { network: string | undefined; secretsIn: string } | undefined;
}

/** Starts a container of a project in the background. */
export function runArguments(
  image: Image,
  { root, name, tag, ports, environment, live, services }: RunOptions,
): string[] {
  const project = `/srv/projects/${image.name}`;
  return [
    ...['run', '--detach', '--name', name, '--label', `${LABEL}=${root}`],
    ...ports.flatMap((each) => ['--publish', each]),
    ...['--stop-timeout', String(stopTimeout(image))],
    ...Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...mount(`${root}/data`, `${project}/data`),
    ...live.flatMap((path) => mount(`${root}/project/${path}`, `${project}/project/${path}`, ',readonly')),
    ...namedVolumes({ ...image, name }).flatMap(({ name: volume, path }) => ['--volume', `${volume}:${path}`]),
    ...(services?.network ? ['--network', services.network] : []),
    ...(services ? secretArguments(image, services.secretsIn) : []),
    tag,
  ];
}

function secretArguments(image: Image, folder: string): string[] {
  return secretMounts(image).flatMap(({ file, target }) => mount(`${folder}/${file}`, target, ',readonly'));
}

/** What a container of helpers needs to read and write files of any owner, and to give them back. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'];

/** Where a container of helpers has what it reads and writes. */
export const VOLUMES = '/volumes';

/** A folder of the host, and its `device:inode` if it must have that one; or a volume by its name. */
export type HelperMount = { folder: string; inode: string | undefined } | { volume: string };

export interface HelperOptions {
  name: string;
  /** The image that is run; nothing in it but its system is used. */
  tag: string;
  /** What is mounted at VOLUMES/0, VOLUMES/1 and so on. */
  mounts: readonly HelperMount[];
  isReadOnly: boolean;
  labels: Readonly<Record<string, string>>;
}

/** Starts a container that waits until its input ends, as root and without a network. */
export function helperArguments({ name, tag, mounts, isReadOnly, labels }: HelperOptions): string[] {
  const more = isReadOnly ? ',readonly' : '';
  return [
    ...['run', '--interactive', '--name', name],
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...['--network', 'none', '--read-only', '--no-healthcheck', '--user', '0:0', '--workdir', '/'],
    ...['--cap-drop', 'ALL', ...CAPABILITIES.flatMap((each) => ['--cap-add', each])],
    ...['--security-opt', 'no-new-privileges', '--env', `PATH=${HELPER_PATH}`],
    ...mounts.flatMap((each, index) =>
      'folder' in each
        ? mount(each.folder, `${VOLUMES}/${index}`, more)
        : ['--mount', `type=volume,source=${each.volume},target=${VOLUMES}/${index}${more}`],
    ),
    ...['--entrypoint', 'cat', tag],
  ];
}

/** That of the image is the application's. */
const HELPER_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Commas and quotes of a path are CSV's. */
function mount(source: string, target: string, more = ''): string[] {
  const quoted = (key: string, path: string) => `"${key}=${path.replaceAll('"', '""')}"`;
  return ['--mount', `type=bind,${quoted('source', source)},${quoted('target', target)}${more}`];
}
