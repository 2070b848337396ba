import fs from 'node:fs';
import { basename, join } from 'node:path';
import type { Wrote } from '../bin/verb.ts';
import { ownPart, YO_RC } from '../lib/answers/yo-rc.ts';

/** A file of Yeoman's memory file system, with the marks of mem-fs-editor. */
interface Copy {
  path: string;
  contents: Buffer | null;
  /** What is still to be written. */
  state?: 'modified' | 'deleted' | undefined;
  /** What was written. */
  stateCleared?: string;
  committed?: boolean;
  isNew?: boolean;
}

interface Copies {
  all(): Copy[];
  get(path: string): Copy;
  add(copy: Copy): unknown;
}

/**
 * Brings Yeoman's copies to what is on the disk now: without this, what another generator saves next would undo ours.
 * A copy that waits to be written is the other's and stays, except for our answers in `.yo-rc.json`.
 * @param wrote the files of ours, which are marked as written
 */
export function refreshCopies(sharedFs: unknown, wrote: readonly Wrote[]): void {
  const copies = sharedFs as Copies;
  const ours = new Set(wrote.flatMap(({ root, paths }) => paths.map((path) => join(root, path))));
  for (const path of ours) copies.get(path);
  for (const copy of copies.all()) {
    const bytes = bytesOf(copy.path);
    if (copy.state) {
      const both = basename(copy.path) === YO_RC && bytes && withOurs(copy, bytes);
      if (both) copies.add(Object.assign(copy, { contents: both, state: 'modified' }));
    } else if (ours.has(copy.path) || (copy.contents && !(bytes && copy.contents.equals(bytes)))) {
      if (ours.has(copy.path)) Object.assign(copy, { stateCleared: bytes ? 'modified' : 'deleted', committed: true });
      copies.add(Object.assign(copy, { contents: bytes ?? null }));
    }
  }
}

function bytesOf(path: string): Buffer | undefined {
  try {
    return fs.readFileSync(path);
  } catch {
    return undefined;
  }
}

/** The other's `.yo-rc.json` with our answers as they are on the disk; undefined if there are none. */
function withOurs({ contents, state }: Copy, disk: Buffer): Buffer | undefined {
  try {
    const ours = ownPart(disk.toString());
    const theirs = state === 'deleted' ? {} : JSON.parse(contents?.toString() ?? '{}');
    return ours && Buffer.from(`${JSON.stringify({ ...theirs, ...ours }, null, 2)}\n`);
  } catch {
    return undefined;
  }
}
