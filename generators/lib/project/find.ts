import { dirname, join } from 'node:path';
import { ANSWERS_KEY } from '../answers/yo-rc.ts';
import { codeOf, lstat } from '../apply/state.ts';
import { EXIT, UserError } from '../errors.ts';
import { MANIFEST } from '../manifest/manifest.ts';
import { readDisk } from '../plan/disk.ts';
import { YO_RC } from './project.ts';

/** The nearest folder that is a project: this one or one above it. @throws UserError (internal) */
export function findProject(start: string): string {
  const found = projectAround(start);
  if (found !== undefined) return found;
  throw new UserError(`${start} is in no project of this generator; start one with makina-image new`, EXIT.internal);
}

/** The nearest folder that is a project, or that of a base image, however broken; undefined if there is none. */
export function projectAround(start: string): string | undefined {
  if (isProject(start)) return start;
  return dirname(start) === start ? undefined : projectAround(dirname(start));
}

/** Whether a folder is a project, or that of a base image, however broken. */
export function isProject(folder: string): boolean {
  return isThere(join(folder, MANIFEST)) || mentionsUs(folder);
}

function isThere(path: string): boolean {
  try {
    return lstat(path) !== undefined;
  } catch (failure) {
    // A link that leads to itself is broken. Of what one may not look at nothing is known.
    return codeOf(failure) === 'ELOOP';
  }
}

/** Whether the answers are there, broken or not. What others keep above a folder is no business of ours. */
export function mentionsUs(folder: string): boolean {
  try {
    const entry = readDisk(folder, [YO_RC]).get(YO_RC);
    return entry?.kind === 'file' && entry.bytes.includes(`"${ANSWERS_KEY}"`);
  } catch {
    return false;
  }
}
