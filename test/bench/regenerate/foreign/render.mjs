// In the place of generators/lib/render/render.ts: the engine with the benchmark's template instead of ours.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../../generators/lib/package.ts';

export function render({ name }) {
  const root = join(packageRoot, 'template');
  const files = new Map();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const raw = readFileSync(file);
    const bytes = raw.includes('{{name}}') ? Buffer.from(raw.toString().replaceAll('{{name}}', name)) : raw;
    const executable = (statSync(file).mode & 0o111) !== 0;
    files.set(file.slice(root.length + 1), { bytes, executable, policy: 'shared' });
  }
  return { files, dirs: [] };
}

export const renderBase = () => render({ name: 'base' });
