import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Every file below a folder by relative path, with its text; a folder ends in `/`, an executable in `*`. */
export function readTree(root: string, below = ''): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) Object.assign(tree, { [`${path}/`]: '' }, readTree(root, path));
    else tree[statSync(join(root, path)).mode & 0o100 ? `${path}*` : path] = readFileSync(join(root, path), 'utf8');
  }
  return tree;
}
