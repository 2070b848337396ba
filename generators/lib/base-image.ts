import { resolve } from 'node:path';
import { recover } from './apply/transaction.ts';
import { readManifest } from './manifest/manifest.ts';
import type { ConflictMode } from './plan/plan.ts';
import { renderBase } from './render/render.ts';
import { type Written, write } from './write.ts';

/**
 * Writes the folder of the base image.
 * @param cwd the folder the command runs in
 * @param folder where to write, relative to cwd
 * @throws UserError as `write`
 */
export function baseImage(cwd: string, folder: string, conflict: ConflictMode): Written {
  const root = resolve(cwd, folder);
  recover(root);
  const project = {
    root,
    kind: 'base' as const,
    theirs: renderBase(),
    manifest: readManifest(root),
    pastBases: new Map(),
  };
  return write(project, conflict);
}
