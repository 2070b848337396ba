/** The command lines of an engine: what docker and podman take. */

import { namedVolumes, stopTimeout } from '../model/docker-run.ts';
import type { Image } from '../model/schema.ts';
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
}

/** Builds an image. */
export function buildArguments(engine: Engine['name'], options: BuildOptions): string[] {
  const { folder, dockerfile, image, buildArgs, isFresh } = options;
  return [
    'build',
    // Without it podman drops the health check.
    ...(engine === 'podman' ? ['--format', 'docker'] : []),
    ...(isFresh ? ['--no-cache'] : []),
    ...buildArgs.flatMap((each) => ['--build-arg', each]),
    ...['--tag', image, '--file', dockerfile, folder],
  ];
}

/** Starts a project's container in the background, under the project's name. @param port of the host, for nginx */
export function runArguments(root: string, image: Image, port: number): string[] {
  const { name } = image;
  // Commas and quotes of a path are CSV's.
  const source = `"source=${`${root}/data`.replaceAll('"', '""')}"`;
  return [
    ...['run', '--detach', '--name', name, '--label', `${LABEL}=${root}`],
    ...['--publish', `${port}:80`, '--stop-timeout', String(stopTimeout(image))],
    ...['--mount', `type=bind,${source},target=/srv/projects/${name}/data`],
    ...namedVolumes(image).flatMap(({ name: volume, path }) => ['--volume', `${volume}:${path}`]),
    name,
  ];
}
