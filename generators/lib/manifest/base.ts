import fs from 'node:fs';
import { join } from 'node:path';
import { sha256Of } from '../sha256.ts';
import { isSha256 } from './content.ts';
import { FOLDER, type Manifest } from './manifest.ts';

export const BASE = `${FOLDER}/base`;
export const BACKUP = `${FOLDER}/backup`;

/**
 * What was last merged in, by its SHA-256.
 * @returns undefined if it is not there, or if it is something else
 */
export function readBase(root: string, sha256: string): Buffer | undefined {
  const path = join(root, BASE, sha256);
  if (!fs.lstatSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const bytes = fs.readFileSync(path);
  return sha256Of(bytes) === sha256 ? bytes : undefined;
}

/** The names of the files in base/, but for those that are none of ours. */
export function storedBases(root: string): string[] {
  const folder = join(root, BASE);
  return fs.existsSync(folder) ? fs.readdirSync(folder).filter(isSha256).sort() : [];
}

/** The SHA-256 of every base that a manifest needs. */
export function neededBases({ files, conflicts }: Manifest): Set<string> {
  return new Set([
    ...Object.values(files).map((file) => file.sha256),
    ...Object.values(conflicts).map((conflict) => conflict.theirs),
  ]);
}
