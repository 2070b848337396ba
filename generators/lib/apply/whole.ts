import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { lstat } from '../system/files.ts';
import { sync } from './journal.ts';
import { isLive, ownClaim, quietly } from './lock.ts';
import { parentsOf } from './state.ts';
import type { Transaction } from './types.ts';

/** Where a folder is prepared: beside its place, in one that only this user can enter; the claim of the process follows. */
const READY = '.makina-image-ready-';

/**
 * Makes a folder that is not there yet: all of it is made ready beside its place, and gets there in one rename. So a run that is cut
 * short leaves nothing there; what it left beside is removed by the next. Nothing older can get lost, so its files are not synced one
 * by one, which takes most of the time: `refuseBlank` reports one that a power loss emptied.
 */
export function makeWhole(root: string, { writes, dirs }: Transaction): void {
  const above = dirname(root);
  quietly(() => removeLeftOver(above));
  const ready = join(above, READY + ownClaim());
  const tree = join(ready, basename(root));
  try {
    fs.mkdirSync(ready, { mode: 0o700 });
    const folders = [
      ...writes.flatMap(({ path }) => parentsOf(path)),
      ...dirs.flatMap((dir) => [...parentsOf(dir), dir]),
    ];
    for (const folder of new Set(['.', ...folders])) fs.mkdirSync(join(tree, folder));
    for (const write of writes) {
      if (write.kind === 'write')
        fs.writeFileSync(join(tree, write.path), write.bytes, { flag: 'wx', mode: write.executable ? 0o755 : 0o644 });
    }
    fs.renameSync(tree, root);
  } finally {
    quietly(() => fs.rmSync(ready, { recursive: true, force: true }));
  }
  // The folder is there; on a disk that cannot sync, a power loss may only undo the rename.
  quietly(() => sync(above));
}

/** Removes what runs of this user that are dead now were making ready in a folder. */
function removeLeftOver(above: string): void {
  for (const name of fs.readdirSync(above).filter((each) => each.startsWith(READY))) {
    const stat = lstat(join(above, name));
    const isOurs = stat?.isDirectory() && stat.uid === process.geteuid?.();
    if (isOurs && !isLive(name.slice(READY.length))) fs.rmSync(join(above, name), { recursive: true });
  }
}
