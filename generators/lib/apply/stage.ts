import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { lstat } from '../system/files.ts';
import { areasOf, dropFolder, type Step, stagedPath, writeJournal } from './journal.ts';
import { giveTo, makeOwnedFolder, TX } from './state.ts';
import type { Write } from './types.ts';

type Content = Extract<Write, { kind: 'write' }>;

/** Puts the new files and the journal next to the tree, and on the disk. */
export function stage(root: string, steps: readonly Step[], writes: readonly Write[]): void {
  makeOwnedFolder(root, TX);
  const areas = areasOf(steps);
  for (const area of areas) {
    // A run that was cut short before it had a journal.
    dropFolder(join(root, area));
    makeOwnedFolder(root, area);
  }
  const contents = new Map(writes.flatMap((write) => (write.kind === 'write' ? [[write.path, write]] : [])));
  const staged: string[] = [];
  const owner = fs.statSync(root);
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'write') continue;
    const name = join(root, stagedPath(step, index));
    staged.push(name);
    stageFile(name, step.before && join(root, step.path), contents.get(step.path) as Content, owner);
  }
  const folders = areas.flatMap((area) => [area, dirname(area)]).map((path) => join(root, path));
  writeJournal(root, steps, [...staged, ...folders]);
}

/** A replaced file keeps its owner, its group and the mode that this one gave it, the exec bits apart; others belong to `owner`. */
function stageFile(name: string, replaced: string | null, { bytes, executable }: Content, owner: fs.Stats): void {
  const fd = fs.openSync(name, 'wx', executable ? 0o755 : 0o644);
  try {
    fs.writeFileSync(fd, bytes);
    const stat = replaced ? lstat(replaced) : undefined;
    giveTo(stat?.isFile() ? stat : owner, fd);
    if (stat?.isFile()) fs.fchmodSync(fd, modeFor(stat.mode & 0o7777, executable));
  } finally {
    fs.closeSync(fd);
  }
}

/** Whoever may read may execute. */
function modeFor(mode: number, executable: boolean): number {
  if (!executable) return mode & ~0o111;
  return mode & 0o100 ? mode : mode | 0o100 | ((mode & 0o444) >> 2);
}
