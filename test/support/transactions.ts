import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { stateOf } from '../../generators/lib/apply/state.ts';
import type { Transaction, Write } from '../../generators/lib/apply/types.ts';

export const file = (path: string, text: string, executable = false): Write => ({
  kind: 'write',
  path,
  bytes: Buffer.from(text),
  executable,
});
export const gone = (path: string): Write => ({ kind: 'delete', path });

/** A tree: the text of each file with its mode, a folder ends in `/`. */
export type Tree = Record<string, [mode: number, text?: string]>;

export function makeTree(root: string, tree: Tree): void {
  for (const [path, [mode, text]] of Object.entries(tree)) {
    const full = join(root, path);
    fs.mkdirSync(text === undefined ? full : dirname(full), { recursive: true });
    if (text !== undefined) fs.writeFileSync(full, text);
    fs.chmodSync(full, mode);
  }
}

/** Everything below a folder but what a run keeps for itself while it writes, if that is wanted. */
export function snapshot(root: string, { own = true } = {}, below = ''): Tree {
  const tree: Tree = {};
  for (const name of fs.readdirSync(join(root, below)).sort()) {
    const path = join(below, name);
    if (!own && /^\.makina-image\/(lock|tx)$/.test(path)) continue;
    const stat = fs.lstatSync(join(root, path));
    const mode = stat.mode & 0o7777;
    if (stat.isSymbolicLink()) tree[path] = [0, `-> ${fs.readlinkSync(join(root, path))}`];
    else if (stat.isFile()) tree[path] = [mode, fs.readFileSync(join(root, path), 'latin1')];
    else {
      const inside = snapshot(root, { own }, path);
      if (own || path !== '.makina-image' || Object.keys(inside).length > 0)
        Object.assign(tree, { [`${path}/`]: [mode] }, inside);
    }
  }
  return tree;
}

/** A transaction that expects what is there now. */
export function planned(root: string, writes: Write[], dirs: string[] = []): Transaction {
  return { writes, dirs, expected: new Map(writes.map(({ path }) => [path, stateOf(root, path)])) };
}

const first: Write[] = [
  file('a/b/created', 'new'),
  file('a/run', '#!', true),
  file('top', ''),
  file('.makina-image/base/1', 'base'),
  file('.makina-image/manifest.json', '{}'),
];
const upgrade: Write[] = [
  file('updated', 'new'),
  file('a/secret', 'new secret'),
  file('a/now-run', '#!', true),
  file('a/no-run', 'x', false),
  file('made/here/too', 'new'),
  file('swap/inner', 'a folder now'),
  gone('swap'),
  file('turn', 'a file now'),
  gone('turn/x'),
  gone('gone/deep/file'),
  gone('shared/old'),
  gone('data/old'),
  file('.makina-image/base/2', 'base'),
  gone('.makina-image/base/1'),
  file('.makina-image/manifest.json', '{"v": 2}'),
];

/** Trees and what is done to them: together they have every kind of step. */
export const scenarios = {
  first: {
    before: { theirs: [0o640, 'x'] } as Tree,
    transaction: { writes: first, dirs: ['data/log'], expected: new Map(first.map(({ path }) => [path, undefined])) },
  },
  upgrade: {
    before: {
      updated: [0o664, 'old'],
      'a/secret': [0o600, 'old secret'],
      'a/now-run': [0o640, '#!'],
      'a/no-run': [0o755, 'x'],
      swap: [0o644, 'a file'],
      'turn/x': [0o644, 'in a folder'],
      'gone/deep/file': [0o644, 'generated'],
      'gone/': [0o750],
      'shared/old': [0o600, 'generated'],
      'shared/theirs': [0o600, 'theirs'],
      'data/old': [0o644, 'generated'],
      '.makina-image/base/1': [0o644, 'old base'],
      '.makina-image/manifest.json': [0o644, '{"v": 1}'],
    } as Tree,
    transaction: { writes: upgrade, dirs: ['data', 'empty'], expected: new Map() },
  },
} satisfies Record<string, { before: Tree; transaction: Transaction }>;

/** Makes the claims of this process those of a dead one: with it the fault is over, but in a test it lives on. */
export function bury(root: string): void {
  const lock = join(root, '.makina-image/lock');
  for (const name of fs.existsSync(lock) ? fs.readdirSync(lock) : [])
    fs.renameSync(join(lock, name), join(lock, name.replace(/^\d+/, '99999999')));
}
