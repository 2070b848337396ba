import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { MANIFEST } from '../manifest/manifest.ts';
import { readYoRc } from './project.ts';

/** The nearest folder that is a project: this one or one above it. @throws UserError (internal) */
export function findProject(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (fs.existsSync(join(folder, MANIFEST)) || readYoRc(folder).intent) return folder;
    if (folder === dirname(folder))
      throw new UserError(
        `${start} is in no project of this generator; start one with makina-image new`,
        EXIT.internal,
      );
  }
}
