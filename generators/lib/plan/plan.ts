import type { Rendered, RenderedFile } from '../render/render.ts';

/** What is on disk at one path; `undefined` in a Disk means nothing is there. */
export interface DiskFile {
  bytes: Buffer;
  executable: boolean;
}
export type Disk = ReadonlyMap<string, DiskFile | undefined>;

/**
 * What is to be done at one path. A conflict is a file that differs from what was and from what is to be generated; a
 * kept one differs too, but nothing new comes out there: it is the user's edit.
 */
export type Change =
  | { kind: 'create' | 'update' | 'conflict' | 'kept'; path: string; bytes: Buffer; executable: boolean }
  | { kind: 'delete'; path: string };

/**
 * What has to change on disk, without touching it.
 * @param disk what is there at every path of `before` and `next`
 * @param before the tree that the stored answers stand for, if the folder is a project already: a file equal to it is unedited
 * @param next the tree that is to be there
 * @returns only what differs, sorted by path, the stored intent last: until it is written, a run that was cut short can be
 * repeated; files that the user edited and that are no longer generated stay
 */
export function plan(disk: Disk, before: Rendered | undefined, next: Rendered): Change[] {
  const changes: Change[] = [];
  for (const [path, file] of next.files) {
    const kind = kindOf(disk.get(path), before?.files.get(path), file);
    if (kind) changes.push({ kind, path, bytes: file.bytes, executable: file.executable });
  }
  for (const [path, file] of before?.files ?? []) {
    const there = disk.get(path);
    if (there && !next.files.has(path) && same(there, file)) changes.push({ kind: 'delete', path });
  }
  const isIntent = ({ path }: Change) => Number(next.files.get(path)?.policy === 'intent');
  return changes.sort((a, b) => isIntent(a) - isIntent(b) || (a.path < b.path ? -1 : 1));
}

function kindOf(there: DiskFile | undefined, was: RenderedFile | undefined, file: RenderedFile) {
  // A seed that was written once is the user's, who may also delete it.
  if (file.policy === 'seed' && (there || was)) return undefined;
  if (!there) return 'create';
  if (same(there, file)) return undefined;
  // An exec bit that a checkout lost is no edit.
  if (file.policy === 'intent' || same(there, was) || there.bytes.equals(file.bytes)) return 'update';
  return was && same(was, file) ? 'kept' : 'conflict';
}

function same(a: DiskFile, b: DiskFile | undefined): boolean {
  return b !== undefined && a.executable === b.executable && a.bytes.equals(b.bytes);
}
