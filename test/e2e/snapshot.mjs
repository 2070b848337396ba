/** What a folder holds, so that it can be compared with what it held. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** `{path: what is there}` of everything in a folder: the kind, and the content of a file or the target of a link. */
export function snapshot(folder, below = '') {
  const found = {};
  for (const name of readdirSync(join(folder, below)).sort()) {
    const path = join(below, name);
    const state = lstatSync(join(folder, path));
    found[path] = describe(join(folder, path), state);
    if (state.isDirectory()) Object.assign(found, snapshot(folder, path));
  }
  return found;
}

function describe(path, state) {
  if (state.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  if (state.isDirectory()) return 'folder';
  if (!state.isFile()) return 'special';
  return `file ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
}

/** The paths of a snapshot whose content is gone or another in a later one. */
export function lost(before, after) {
  return Object.keys(before).filter((path) => after[path] !== before[path]);
}
