import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import type { Image } from '../model/schema.ts';
import { SECRETS_FOLDER, secretNames } from '../model/services.ts';
import { codeOf, lstat } from '../system/files.ts';

const BYTES = 24;

/** @throws UserError for what is in the place of a secret, and cannot be used */
export function refuseSecrets(folder: string, image: Image): void {
  const names = secretNames(image);
  const place = join(folder, SECRETS_FOLDER);
  // A link would lead a container, which starts as root, to any file of the host.
  if (names.length > 0 && lstat(place)?.isDirectory() === false) throw unusable(SECRETS_FOLDER, 'a folder');
  for (const name of names) {
    const stat = lstat(join(place, name));
    if (stat && (!stat.isFile() || stat.size === 0))
      throw unusable(`${SECRETS_FOLDER}/${name}`, 'a file with a secret');
  }
}

/**
 * Draws the secrets of an image's services that are not there yet: one that is there may be a database's already.
 * @param folder the project's
 * @returns the files that it made, below the folder
 * @throws UserError for a secret that cannot be used
 */
export function drawSecrets(folder: string, image: Image): string[] {
  const names = secretNames(image);
  if (names.length === 0) return [];
  refuseSecrets(folder, image);
  const place = join(folder, SECRETS_FOLDER);
  fs.mkdirSync(place, { recursive: true, mode: 0o700 });
  // It stays when the last service goes, and with it the line in the project's own file.
  create(place, '.gitignore', '*\n');
  const made = names.filter((name) => create(place, name, `${randomBytes(BYTES).toString('hex')}\n`));
  return made.map((name) => `${SECRETS_FOLDER}/${name}`);
}

/** Makes a file for its owner alone. @returns false if it is there already */
function create(place: string, name: string, text: string): boolean {
  try {
    fs.writeFileSync(join(place, name), text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

function unusable(path: string, what: string): UserError {
  return new UserError(
    `${path} is there, but not ${what}, which a service needs; move it away, and run this again`,
    EXIT.internal,
  );
}
