import type { Image } from './schema.ts';

/** The extra volumes with their names, the same in compose.yaml and `docker run`: an anonymous one is lost with its container. */
export function namedVolumes({ name: project, volumes }: Image): { name: string; path: string }[] {
  return volumes.map((path) => ({
    path,
    name: project + path.replaceAll(/[^A-Za-z0-9_.-]/g, '-'),
  }));
}

/** The flags that `docker run` needs beside the data volume: the extra volumes, and a longer wait where a program asks for it. */
export function runFlags(image: Image): string {
  const volumes = namedVolumes(image).map(({ name, path }) => ` -v ${name}:${path}`);
  const seconds = stopTimeout(image);
  return [...(seconds > DOCKER_STOP_TIMEOUT ? [` --stop-timeout ${seconds}`] : []), ...volumes].join('');
}

const DOCKER_STOP_TIMEOUT = 10;
const NGINX_GRACEFUL_TIMEOUT = 5;

/** Seconds after which Docker may kill a container that was asked to stop: all programs stop side by side, and circus needs a few itself. */
export function stopTimeout({ programs }: Image): number {
  const timeouts = Object.values(programs).map(({ graceful_timeout }) => graceful_timeout);
  return Math.max(NGINX_GRACEFUL_TIMEOUT, ...timeouts) + 5;
}
