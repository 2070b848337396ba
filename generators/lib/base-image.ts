import { resolve } from 'node:path';
import { renderBase } from './render/render.ts';
import { type Written, write } from './write.ts';

/**
 * Writes the folder of the base image.
 * @param cwd the folder the command runs in
 * @param folder where to write, relative to cwd
 * @throws UserError as `write`
 */
export function baseImage(cwd: string, folder: string, force: boolean): Written {
  return write(resolve(cwd, folder), undefined, renderBase(), force);
}
