import { type Image, ownBaseImage } from './schema.ts';

/**
 * Whether a project has a copy of the run-time of its own, and not that of our base image. An image's name says nothing:
 * companies give ours another one.
 */
export function hasOwnRuntime({ runtime, base_image }: Pick<Image, 'runtime' | 'base_image'>): boolean {
  return runtime ? runtime === 'vendored' : base_image !== ownBaseImage;
}
