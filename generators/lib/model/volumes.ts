import type { Image } from './schema.ts';

/** The extra volumes with the names they have in compose.yaml and `docker run`: an anonymous one is lost with its container. */
export function namedVolumes({ volumes }: Image): { name: string; path: string }[] {
  return volumes.map((path) => ({
    path,
    name: path.replaceAll(/[^A-Za-z0-9_.-]/g, '-').replace(/^[^A-Za-z0-9]+/, ''),
  }));
}
