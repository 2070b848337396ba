import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { lstat } from '../system/files.ts';
import { sync } from './journal.ts';
import { isLive, ownClaim, quietly } from './lock.ts';
import { parentsOf } from './state.ts';
import type { Transaction } from './types.ts';

/** Where a folder is made ready: beside its place, in one that nobody else may look into; the claim of the process follows. */
const READY = '.makina-image-ready-';

/**
 * Makes a folder that is not there yet: all of it is made ready beside its place, and gets there in one rename. So a run that is cut
 * short leaves nothing there; what it left beside is removed by the next. Nothing can get lost with it, so its files are not waited
 * for one by one, which takes most of the time: one that a power loss took the content of is told by `refuseBlank`.
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
  // It is there: to a disk that cannot do this only its name can get lost.
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
