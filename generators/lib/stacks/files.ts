import fs from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { isSafePath } from '../manifest/paths.ts';
import type { Rendered } from '../render/render.ts';
import { lstat } from '../system/files.ts';

const MAX_FILES = 1000;
const MAX_BYTES = 16 << 20;

/** What the generator may write into some projects: none of a stack's files can be there, nor where the container has its volume. */
const RESERVED =
  /^(\.yo-rc\.json|answers\.yaml|renovate\.json|\.ci\/makina-image|\.github\/workflows\/(makina-)?image\.yml|\.gitlab\/(makina-)?image\.yml|project\/\.salt\/runtime)(\/|$)/i;

/** The name of the project, wherever a file of a stack says this. */
const NAME = '@name@';

/**
 * The files in a folder, by their path below it; none if it is not there.
 * @param shown the folder, for errors
 * @throws UserError (usage) for a link or a device, for a path that no project has, and for too much
 */
export function filesBelow(folder: string, shown: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  let left = MAX_BYTES;
  const read = (path: string) => {
    const full = join(folder, path);
    const stat = lstat(full);
    if (stat?.isDirectory()) {
      for (const name of fs.readdirSync(full).sort()) read(path === '' ? name : `${path}/${name}`);
      return;
    }
    if (path === '' && !stat) return;
    if (path === '') throw new UserError(`${shown} is not a folder, which has the files of a stack; make it one`);
    if (!stat?.isFile()) throw refused(shown, path, 'is not a file; a stack has only files and folders');
    if (!isSafePath(path) || RESERVED.test(path)) throw refused(shown, path, 'cannot be a file of a stack; rename it');
    left -= stat.size;
    if (left < 0 || found.size >= MAX_FILES)
      throw new UserError(
        `${shown} has more than ${MAX_FILES} files, or more than 16 MiB; a stack is what a project starts with`,
      );
    found.set(path, fs.readFileSync(full));
  };
  read('');
  return found;
}

/**
 * Adds the files of a stack to what is rendered, as files that are written once.
 * @throws UserError (usage) for one in the place of what is generated
 */
export function withFiles(
  rendered: Rendered,
  stack: string,
  added: ReadonlyMap<string, Buffer>,
  name: string,
): Rendered {
  const files = new Map(rendered.files);
  const generated = [...rendered.files].filter(([, { policy }]) => policy !== 'starter').map(([path]) => path);
  for (const [path, bytes] of added) {
    const taken = generated.find((other) => isSame(path, other) || isInside(path, other) || isInside(other, path));
    if (taken) throw refused(stack, path, `is in the place of ${taken}, which the generator writes; rename it`);
    files.set(path, {
      bytes: named(bytes, name),
      executable: bytes.subarray(0, 2).toString() === '#!',
      policy: 'starter',
    });
  }
  return { ...rendered, files };
}

/** Some file systems have one file for names that differ in capital letters. */
const isSame = (path: string, other: string) => path.toLowerCase() === other.toLowerCase();
const isInside = (path: string, folder: string) => path.toLowerCase().startsWith(`${folder.toLowerCase()}/`);

/** latin1: every byte stays what it is. */
function named(bytes: Buffer, name: string): Buffer {
  return bytes.includes(NAME) ? Buffer.from(bytes.toString('latin1').replaceAll(NAME, name), 'latin1') : bytes;
}

function refused(where: string, path: string, why: string): UserError {
  return new UserError(`${where}: ${path} ${why}`);
}
