import { posix } from 'node:path';
import { isWithin, plainPath } from './path-checks.ts';
import type { Image } from './schema.ts';
import { withVariables } from './variables.ts';

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

/** Seconds after which Docker may kill a container that was asked to stop: all stops side by side, and circus needs a few itself. */
export function stopTimeout({ programs, crons }: Image): number {
  const timeouts = [programs, crons].flatMap(Object.values).map(({ graceful_timeout }) => graceful_timeout);
  return Math.max(NGINX_GRACEFUL_TIMEOUT, ...timeouts) + 5;
}

/** Folders of the system: one in memory would hide what else is in it. */
const SYSTEM =
  /^\/(|bin|etc|home|lib|opt|root|sbin|srv|usr(\/.*)?|var|var\/(cache|lib|log|spool|www)|etc\/(apt|cron\.d|default|init\.d|nginx|ssl))$/;

/** What a read-only root needs in memory to apply an override, beside what each start needs: Salt's cache, and each folder of configs. */
export function memoryForOverrides(image: Image): string[] {
  const { name, configs, volumes } = withVariables(image);
  const targets = Object.values(configs).flatMap(({ target }) => (target ? [plainPath(target, name)] : []));
  const folders = targets.map((target) => posix.dirname(target)).filter((folder) => !SYSTEM.test(folder));
  const ours = [`/etc/makina-projects/${name}`, '/var/cache/salt'];
  const covered = [...ours, `/srv/projects/${name}/data`, '/run', '/tmp', '/var/lib/nginx', ...volumes];
  const more = [...new Set(folders)].sort().filter((folder) => !covered.some((other) => isWithin(folder, other)));
  return [...ours, ...more.filter((folder) => !more.some((other) => other !== folder && isWithin(folder, other)))];
}
