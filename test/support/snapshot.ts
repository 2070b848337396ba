import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';

/** What is at a path itself, not behind a link. */
export function entryAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Every entry below a folder, by relative path. */
export function entries(root: string, below = ''): [path: string, stat: Stats][] {
  return readdirSync(join(root, below))
    .sort()
    .flatMap((name): [string, Stats][] => {
      const path = below ? `${below}/${name}` : name;
      const stat = lstatSync(join(root, path));
      return [[path, stat], ...(stat.isDirectory() ? entries(root, path) : [])];
    });
}

const isOwn = (path: string) => path.split('/')[0] === '.makina-image';

/** What is in a folder: content and exec bit of each file, where each link leads, and the folders. */
export function contents(root: string, without: (path: string) => boolean = () => false): Record<string, string> {
  return Object.fromEntries(
    entries(root)
      .filter(([path]) => !without(path))
      .map(([path, stat]) => {
        if (stat.isDirectory()) return [path, 'folder'];
        if (stat.isSymbolicLink()) return [path, `-> ${readlinkSync(join(root, path))}`];
        return [path, `${stat.mode & 0o111 ? 'x' : '-'} ${readFileSync(join(root, path), 'latin1')}`];
      }),
  );
}

/** The same without the engine's own folder. */
export const workTree = (root: string) => contents(root, isOwn);

/** The files alone, without those of the engine. */
export function workFiles(root: string): Record<string, string> {
  return Object.fromEntries(Object.entries(workTree(root)).filter(([, content]) => content !== 'folder'));
}

/** What any write at all would change: content, mode, inode and times. */
export function stamps(root: string): string[] {
  const stamp = (path: string, stat: Stats) =>
    [path, stat.mode, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ');
  return ['', ...entries(root)].map((entry) =>
    typeof entry === 'string' ? stamp(entry, lstatSync(root)) : stamp(...entry),
  );
}
