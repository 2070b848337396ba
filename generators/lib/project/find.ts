import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { ANSWERS_KEY, YO_RC } from '../answers/yo-rc.ts';
import { EXIT, UserError } from '../errors.ts';
import { MANIFEST } from '../manifest/manifest.ts';
import { readDisk } from '../plan/disk.ts';
import { codeOf, lstat } from '../system/files.ts';
import { placeInRepository } from '../system/git.ts';
import { asOwner } from '../system/rights.ts';

/** The nearest folder that is a project: this one or one above it. @throws UserError (internal) */
export function findProject(start: string): string {
  const found = projectAround(start);
  if (found !== undefined) return found;
  if (!fs.existsSync(start)) throw new UserError(`${start} is not there; name the folder of a project`, EXIT.internal);
  const message = `${start} is not in a project of this generator; go to the folder of one, or start one with makina-image new`;
  throw new UserError(message, EXIT.internal);
}

/** The nearest folder that is a project, or that of a base image, however broken; undefined if there is none. */
export function projectAround(start: string): string | undefined {
  if (!isShared(start) && isProject(start)) return start;
  return dirname(start) === start ? undefined : projectAround(dirname(start));
}

const SHARED = 0o1002;

/** Whether anyone can write to a folder, as to /tmp: what is there is not a project to work in. */
function isShared(folder: string): boolean {
  return ((fs.statSync(folder, { throwIfNoEntry: false })?.mode ?? 0) & SHARED) === SHARED;
}

const MAX_DEPTH = 5;
const MAX_FOLDERS = 20_000;

/** The projects below a folder of a git repository, a few folders deep; [] outside of a repository. */
export function projectsInRepository(folder: string): string[] {
  return asOwner(folder, () => {
    const found: string[] = [];
    let level = placeInRepository(folder) ? [folder] : [];
    for (let depth = 0, seen = 0; depth < MAX_DEPTH && seen < MAX_FOLDERS; depth += 1, seen += level.length) {
      level = level.flatMap(foldersIn);
      found.push(...level.filter(isProject));
      level = level.filter((each) => !isProject(each));
    }
    return found.sort();
  });
}

/** The folders in a folder that may hold projects. */
function foldersIn(folder: string): string[] {
  try {
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
      .map(({ name }) => join(folder, name));
  } catch {
    // A folder that cannot be listed has nothing to read.
    return [];
  }
}

/** Whether a folder is a project, or that of a base image, however broken. */
export function isProject(folder: string): boolean {
  return isThere(join(folder, MANIFEST)) || mentionsUs(folder);
}

function isThere(path: string): boolean {
  try {
    return lstat(path) !== undefined;
  } catch (failure) {
    // A link to itself is broken; nothing is known about what cannot be read.
    return codeOf(failure) === 'ELOOP';
  }
}

/** Whether our answers are there, broken or not. Other files of that name above a folder do not count. */
export function mentionsUs(folder: string): boolean {
  try {
    const entry = readDisk(folder, [YO_RC]).get(YO_RC);
    return entry?.kind === 'file' && entry.bytes.includes(`"${ANSWERS_KEY}"`);
  } catch {
    return false;
  }
}
