import fs from 'node:fs';
import { join } from 'node:path';
import { OWN } from '../apply/state.ts';
import { EXIT, UserError } from '../errors.ts';
import { refuseBlank } from './blank.ts';
import { checkContent, type Manifest, SCHEMA } from './content.ts';

/** The folder of a project that is the engine's own. */
export const FOLDER = OWN;
export const MANIFEST = `${FOLDER}/manifest.json`;
export function emptyManifest(kind: Manifest['kind'], generator: string): Manifest {
  return { schema: SCHEMA, kind, generator, files: {}, seeds: [], adopted: [], conflicts: {} };
}

/**
 * The manifest of a folder, undefined if it has none. It is untrusted: every path in it is checked.
 * @throws UserError (internal) when it cannot be used
 */
export function readManifest(root: string): Manifest | undefined {
  const file = join(root, MANIFEST);
  if (fs.lstatSync(join(root, FOLDER), { throwIfNoEntry: false })?.isSymbolicLink())
    throw new UserError(`${join(root, FOLDER)} is a link; put the folder there`, EXIT.internal);
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  // Reading a FIFO would never end.
  if (!stat.isFile()) throw unusable(file, 'it is not a file');
  const bytes = fs.readFileSync(file);
  refuseBlank(root, MANIFEST, bytes);
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString());
  } catch (error) {
    throw unusable(file, (error as Error).message);
  }
  const found = (content as { schema?: unknown } | null)?.schema;
  if (typeof found === 'number' && found > SCHEMA)
    throw new UserError(`${file} was written by a newer generator; use that one`, EXIT.internal);
  try {
    checkContent(content);
  } catch (error) {
    throw unusable(file, (error as Error).message);
  }
  return content;
}

function unusable(file: string, why: string): UserError {
  return new UserError(`${file} cannot be used (${why}); restore it from your git history`, EXIT.internal);
}

/** The paths of the files that are kept up to date. */
export function keptPaths({ files, adopted }: Manifest): string[] {
  return Object.keys(files).filter((path) => !adopted.includes(path));
}

/** The text of a manifest; the same content gives the same text. */
export function formatManifest(manifest: Manifest): string {
  const { files, seeds, adopted, conflicts } = manifest;
  const sorted = {
    ...manifest,
    files: byKey(files),
    seeds: [...seeds].sort(),
    adopted: [...adopted].sort(),
    conflicts: byKey(conflicts),
  };
  return `${JSON.stringify(sorted, null, 2)}\n`;
}

function byKey<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
