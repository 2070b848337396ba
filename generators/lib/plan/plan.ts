import type { Rendered } from '../render/render.ts';

/** What is on disk at one path; `undefined` in a Disk means nothing is there. */
export interface DiskFile {
  bytes: Buffer;
  executable: boolean;
}
export type Disk = ReadonlyMap<string, DiskFile | undefined>;

/** What to do at one path. A conflict is a file that differs from what was and from what is to be generated. */
export type Change =
  | { kind: 'create' | 'update' | 'conflict'; path: string; bytes: Buffer; executable: boolean }
  | { kind: 'delete'; path: string };

/**
 * What has to change on disk, without touching it.
 * @param disk what is there at every path of `before` and `next`
 * @param before the tree that the stored answers stand for, if the folder is a project already: a file equal to it is unedited
 * @param next the tree that is to be there
 * @returns only what differs, sorted by path; files that the user edited and that are no longer generated stay
 */
export function plan(disk: Disk, before: Rendered | undefined, next: Rendered): Change[] {
  const changes: Change[] = [];
  for (const [path, file] of next.files) {
    const { bytes, executable, policy } = file;
    const there = disk.get(path);
    if (!there) changes.push({ kind: 'create', path, bytes, executable });
    else if (policy === 'seed' || same(there, file)) continue;
    else {
      const ours = policy === 'intent' || same(there, before?.files.get(path));
      changes.push({ kind: ours ? 'update' : 'conflict', path, bytes, executable });
    }
  }
  for (const [path, file] of before?.files ?? []) {
    const there = disk.get(path);
    if (there && !next.files.has(path) && same(there, file)) changes.push({ kind: 'delete', path });
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function same(a: DiskFile, b: DiskFile | undefined): boolean {
  return b !== undefined && a.executable === b.executable && a.bytes.equals(b.bytes);
}
