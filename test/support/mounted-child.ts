// Cuts a commit short at every call of node:fs, in a folder in which others are mounted, and prints what is wrong afterwards.
import fs from 'node:fs';
import { join } from 'node:path';
import { commit, recover } from '../../generators/lib/apply/transaction.ts';
import { withFaults } from './faults.ts';
import { bury, makeTree, scenarios, snapshot } from './transactions.ts';

const [root, every, ...mounts] = process.argv.slice(2) as [string, string, ...string[]];
const { before, transaction } = scenarios.upgrade;
const folders = mounts.map((path) => join(root, path));

/** Empties a folder except for what is mounted, which cannot be removed. */
function empty(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    const path = join(folder, name);
    if (!folders.some((mount) => mount === path || mount.startsWith(`${path}/`))) fs.rmSync(path, { recursive: true });
    else empty(path);
  }
}

function fresh(): void {
  empty(root);
  makeTree(root, before);
}

/** A mount outlives what was in it. */
function tree(): string {
  const isMount = (path: string) => mounts.some((mount) => `${mount}/` === path);
  return JSON.stringify(Object.entries(snapshot(root)).filter(([path]) => !isMount(path)));
}

fresh();
const old = tree();
const { calls, thrown } = withFaults({}, () => commit(root, transaction));
if (thrown) throw thrown;
const now = tree();
const seen = new Set<string>();
const faults = Array.from({ length: calls }, (_, at) => at + 1).filter((at) => at % Number(every) === 0);
for (const fault of faults.flatMap((at) => [{ deadAt: at }, { failAt: { at, code: 'EIO' } }])) {
  fresh();
  withFaults(fault, () => commit(root, transaction));
  bury(root);
  recover(root);
  seen.add(tree());
  if (![old, now].includes(tree())) console.log(JSON.stringify(fault), tree());
}
console.log(`${seen.size} trees, ${new Set([old, now]).size} expected`);
