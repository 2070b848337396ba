import { resolve } from 'node:path';
import type { Change } from './plan/plan.ts';
import { renderBase } from './render/render.ts';
import { write } from './write.ts';

/**
 * Writes the folder of the base image.
 * @param cwd the folder the command runs in
 * @param folder where to write, relative to cwd
 * @throws UserError as `write`
 */
export function baseImage(cwd: string, folder: string, force: boolean): { destination: string; changes: Change[] } {
  const destination = resolve(cwd, folder);
  return { destination, changes: write(destination, undefined, renderBase(), force) };
}
