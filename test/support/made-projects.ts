import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { packageRoot } from '../../generators/lib/package.ts';
import { NEWER, otherVersion } from './newer.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder with `demo` and `base` of this version, and with 9.0.0 in `newer`. */
    made: string;
  }
}

/** Makes once what each file needs that imports projects.ts. Returns how to remove it. */
export default function setup(project: TestProject): () => void {
  const made = mkdtempSync(join(tmpdir(), 'makina-image-made-'));
  otherVersion(join(made, 'newer'), '9.0.0', NEWER);
  for (const args of [
    ['new', 'demo'],
    ['base', 'base'],
  ])
    execFileSync('node', [join(packageRoot, 'dist/makina-image.cjs'), ...args], { cwd: made, stdio: 'pipe' });
  project.provide('made', made);
  return () => rmSync(made, { recursive: true, force: true });
}
