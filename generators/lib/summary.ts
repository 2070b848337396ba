import { relative } from 'node:path';
import type { Image } from './model/schema.ts';
import { minorVersion } from './package.ts';
import type { Change } from './plan/plan.ts';

/**
 * What `new` tells when it is done: how much was written, and what to type next.
 * @param cwd the folder the next commands are typed in
 * @param baseCommand how the reader calls the verb `base`
 */
export function summary(
  image: Image,
  destination: string,
  changes: readonly Change[],
  cwd: string,
  baseCommand: string,
): string {
  if (changes.length === 0) return `${destination} is up to date, nothing was written.`;
  const enter = destination === cwd ? '' : `cd ${relative(cwd, destination)} && `;
  const ownBase = image.base_image === `makina-image-base:${minorVersion}`;
  const base = ownBase
    ? `  ${baseCommand} base-image && docker build -t ${image.base_image} base-image   # once\n`
    : '';
  return `${changes.length} files written to ${destination}. Next:

${base}  ${enter}docker build -t ${image.name} -f project/Dockerfile .
  docker run --rm -it -p ${image.publish}:80 -v "$PWD/data:/srv/projects/${image.name}/data" ${image.name}
`;
}

/** The same for `base`. */
export function baseSummary(destination: string, changes: readonly Change[], cwd: string): string {
  if (changes.length === 0) return `${destination} is up to date, nothing was written.`;
  return `${changes.length} files written to ${destination}. Next:

  docker build -t makina-image-base:${minorVersion} ${relative(cwd, destination) || '.'}
`;
}
