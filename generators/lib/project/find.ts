import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { MANIFEST } from '../manifest/manifest.ts';
import { readYoRc } from './project.ts';

/** The nearest folder above a path that is a project. @throws UserError (internal) */
export function findProject(path: string): string {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (fs.existsSync(join(folder, MANIFEST)) || readYoRc(folder).intent) return folder;
    if (folder === dirname(folder))
      throw new UserError(`${path} is in no project of this generator; start one with makina-image new`, EXIT.internal);
  }
}
