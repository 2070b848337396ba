import { resolve } from 'node:path';
import { readManifest } from '../manifest/manifest.ts';
import { withProject } from '../project/with-project.ts';
import { renderBase } from '../render/render.ts';
import { apply, type Change, withRoot } from './change.ts';
import { type HowToWrite, planWrite } from './write.ts';

/**
 * Writes the folder of the base image.
 * @param cwd the folder the command runs in
 * @param folder where to write, relative to cwd
 * @param dryRun write nothing, return what would be done
 * @throws UserError as `planWrite`
 */
export function baseImage(cwd: string, folder: string, how: HowToWrite, dryRun = false): Change {
  const root = resolve(cwd, folder);
  return withProject(root, dryRun, (folder) => {
    const manifest = readManifest(folder);
    const project = { root: folder, kind: 'base', theirs: renderBase(), manifest, pastBases: new Map() } as const;
    const change = planWrite(project, how.conflict);
    return withRoot(root, dryRun ? change : apply(change, how));
  });
}
