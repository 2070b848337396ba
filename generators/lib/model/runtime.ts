import type { Image } from './schema.ts';

/** Our base image, as `makina-image base` names it, of a version that brings the runtime. To Docker no tag is `latest`. */
const OWN_BASE = /^makina-image-base(?!:0\.[12](?!\d))(:|$)/;

/**
 * Whether a project has a copy of the runtime of its own, and not that of our base image. Another name says nothing of what an
 * image holds, and companies give ours another one: then `runtime` says it.
 */
export function hasOwnRuntime({ runtime, base_image }: Pick<Image, 'runtime' | 'base_image'>): boolean {
  return runtime ? runtime === 'vendored' : !OWN_BASE.test(base_image);
}
