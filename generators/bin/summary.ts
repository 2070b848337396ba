import { relative } from 'node:path';
import type { Image } from '../lib/model/schema.ts';
import type { Change } from '../lib/plan/plan.ts';

/** What `new` tells when it is done: what was written, and what to type next. */
export function summary(image: Image, destination: string, changes: readonly Change[]): string {
  if (changes.length === 0) return `${destination} is up to date, nothing was written.`;
  const folder = relative(process.cwd(), destination) || '.';
  return `${changes.length} files written to ${destination}. Next:
  makina-image base base-image && docker build -t ${image.base_image} base-image   # once
  cd ${folder} && docker build -t ${image.name} -f project/Dockerfile .
  docker run --rm -it -p ${image.publish}:80 -v "$PWD/data:/srv/projects/${image.name}/data" ${image.name}`;
}
