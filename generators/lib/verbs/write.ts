import fs from 'node:fs';
import { join, parse, relative, sep } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { packageRoot } from '../package.ts';
import type { ConflictMode } from '../plan/types.ts';
import { mentionsUs } from '../project/find.ts';
import type { Project } from '../project/project.ts';
import { RUNTIME } from '../render/moved-runtime.ts';
import { asRunner } from '../system/rights.ts';
import { type Change, examine, isOpen } from './change.ts';

/** How a run treats what is there. */
export interface HowToWrite {
  conflict: ConflictMode;
  /** Merge into files whose edits git does not have. */
  allowDirty?: boolean;
}

/** Folders of the generator's own checkout that no project may be written into. */
const OWN_FOLDERS = new Set([
  '',
  '.ci',
  '.git',
  '.github',
  'dist',
  'docs',
  'generators',
  'node_modules',
  'templates',
  'test',
]);

/**
 * What brings a folder to a rendered tree: the one call behind every verb that writes a project or changes its model.
 * Reads, and writes nothing.
 * @throws UserError (conflict) that names every file in the way, if the mode is `abort`
 */
export function planWrite(project: Project, conflict: ConflictMode): Change {
  const { root } = project;
  refuseOwnFolders(root);
  refuseOtherKind(project);
  const change = examine(project, conflict);
  if (isOpen(change) && conflict === 'abort') {
    const files = change.plan.files
      .filter(({ action }) => action === 'conflict')
      .map(({ path }) => `  ${path}${hint(path)}`);
    throw new UserError(
      `${root} has files that differ from what would be written, nothing was written; choose what to do about them with --conflict=markers, sidecar, ours or theirs:\n${files.join('\n')}`,
      EXIT.conflict,
    );
  }
  return change;
}

/** What to do about an edited file of a runtime that goes. */
function hint(path: string): string {
  if (!path.startsWith(`${RUNTIME}/`)) return '';
  return ': you edited the runtime; --conflict=theirs removes it, with a copy of your edits in .makina-image/backup';
}

/** A project and a base image would remove each other's files. */
function refuseOtherKind({ root, kind, manifest }: Project): void {
  const there = manifest?.kind ?? (kind === 'base' && mentionsUs(root) ? 'project' : kind);
  if (there === kind) return;
  const [is, wanted] = there === 'base' ? ['the folder of a base image', 'a project'] : ['a project', 'a base image'];
  throw new UserError(`${root} is ${is}, and ${wanted} cannot be written into it; name another folder`);
}

function refuseOwnFolders(destination: string): void {
  if (destination === parse(destination).root)
    throw new UserError(`${destination} is the root of all folders; choose another folder with --destination`);
  const path = relative(
    asRunner(() => fs.realpathSync(packageRoot)),
    existingRealpath(destination),
  );
  if (!OWN_FOLDERS.has(path.split(sep)[0] as string)) return;
  throw new UserError(`${destination} belongs to the generator itself; choose another folder with --destination`);
}

function existingRealpath(path: string): string {
  return fs.existsSync(path)
    ? fs.realpathSync(path)
    : join(existingRealpath(join(path, '..')), path.split(sep).at(-1) as string);
}
