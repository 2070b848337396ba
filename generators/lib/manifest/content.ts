import { isDict } from '../model/dict.ts';
import type { Intent } from '../model/intent.ts';
import { isSafePath } from './paths.ts';

/** The layout of a manifest that this generator writes. */
export const SCHEMA = 1;

/** What the engine remembers of a project between two runs. */
export interface Manifest {
  schema: typeof SCHEMA;
  kind: 'project' | 'base';
  generator: string;
  /** Of each file that is kept up to date, or was until it was adopted: what was last merged in, and so the base of the next merge. */
  files: Record<string, { sha256: string; executable: boolean }>;
  /** Files that were written once. */
  seeds: string[];
  /** Files that the user took over. */
  adopted: string[];
  /** Conflicts that the user still has to resolve, with the SHA-256 of what was to be merged in. */
  conflicts: Record<string, { kind: 'markers' | 'sidecar'; theirs: string }>;
}

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Refuses what no run has written. Without zod, which takes several times as long, since this is done for each project.
 * @throws Error that says where, and what must be there
 */
export function checkContent(content: unknown): asserts content is Manifest {
  const manifest = fieldsOf('it', content, ['schema', 'kind', 'generator', 'files', 'seeds', 'adopted', 'conflicts']);
  if (manifest.schema !== SCHEMA) throw wrong('schema', 'must be 1');
  if (manifest.kind !== 'project' && manifest.kind !== 'base') throw wrong('kind', 'must be project or base');
  if (typeof manifest.generator !== 'string') throw wrong('generator', 'must be text');
  checkPaths('seeds', manifest.seeds);
  checkPaths('adopted', manifest.adopted);
  for (const [path, file] of entriesOf('files', manifest.files)) {
    const { sha256, executable } = fieldsOf(`files.${path}`, file, ['sha256', 'executable']);
    if (!isSha256(sha256)) throw wrong(`files.${path}.sha256`, 'must be a SHA-256');
    if (typeof executable !== 'boolean') throw wrong(`files.${path}.executable`, 'must be true or false');
  }
  for (const [path, conflict] of entriesOf('conflicts', manifest.conflicts)) {
    const { kind, theirs } = fieldsOf(`conflicts.${path}`, conflict, ['kind', 'theirs']);
    if (kind !== 'markers' && kind !== 'sidecar') throw wrong(`conflicts.${path}.kind`, 'must be markers or sidecar');
    if (!isSha256(theirs)) throw wrong(`conflicts.${path}.theirs`, 'must be a SHA-256');
  }
}

function fieldsOf(where: string, value: unknown, known: readonly string[]): Intent {
  if (!isDict(value)) throw wrong(where, 'must be an object');
  for (const key of Object.keys(value)) if (!known.includes(key)) throw wrong(where, `has the unknown key ${key}`);
  return value;
}

function entriesOf(where: string, value: unknown): [string, unknown][] {
  if (!isDict(value)) throw wrong(where, 'must be an object');
  checkPaths(where, Object.keys(value));
  return Object.entries(value);
}

function checkPaths(where: string, paths: unknown): void {
  if (!Array.isArray(paths)) throw wrong(where, 'must be a list');
  for (const path of paths) {
    if (typeof path !== 'string') throw wrong(where, 'must be a list of paths');
    if (!isSafePath(path)) throw wrong(`${where}.${path}`, 'must be a relative path inside the project');
  }
}

/** Whether something is a SHA-256 in hexadecimal digits. */
export function isSha256(value: unknown): boolean {
  return typeof value === 'string' && SHA256.test(value);
}

function wrong(where: string, must: string): Error {
  return new Error(`${where} ${must}`);
}
