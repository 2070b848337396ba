import { readDisk } from '../plan/disk.ts';

export const DOCKERFILE = 'project/Dockerfile';

/** The base image in the Dockerfile, which a build uses whatever the answers say; undefined if it names none. */
export function baseInDockerfile(root: string): string | undefined {
  const entry = readDisk(root, [DOCKERFILE]).get(DOCKERFILE);
  const text = entry?.kind === 'file' ? entry.bytes.toString() : '';
  return /^ARG BASE_IMAGE=(\S+)\r?$/m.exec(text)?.[1];
}
