import { resolve } from 'node:path';
import { recover } from './apply/transaction.ts';
import { readManifest } from './manifest/manifest.ts';
import { renderBase } from './render/render.ts';
import { asOwner } from './rights.ts';
import { type HowToWrite, planWrite, type Written } from './write.ts';

/**
 * Writes the folder of the base image.
 * @param cwd the folder the command runs in
 * @param folder where to write, relative to cwd
 * @param dryRun write nothing, tell what would be done
 * @throws UserError as `planWrite`
 */
export function baseImage(cwd: string, folder: string, how: HowToWrite, dryRun = false): Written {
  const root = resolve(cwd, folder);
  return asOwner(root, () => written(root, how, dryRun));
}

function written(root: string, how: HowToWrite, dryRun: boolean): Written {
  if (!dryRun) recover(root);
  const project = {
    root,
    kind: 'base' as const,
    theirs: renderBase(),
    manifest: readManifest(root),
    pastBases: new Map(),
  };
  const planned = planWrite(project, how);
  if (!dryRun) planned.carryOut();
  return planned;
}
