import fs from 'node:fs';
import { join } from 'node:path';
import type { Write } from '../apply/types.ts';
import { sha256Of } from '../sha256.ts';
import { withUnixLines } from '../text/split-lines.ts';
import { isBlank } from './blank.ts';
import { isSha256, type Manifest } from './content.ts';
import { FOLDER, formatManifest, MANIFEST } from './manifest.ts';

export const BASE = `${FOLDER}/base`;
export const ATTRIBUTES = `${FOLDER}/.gitattributes`;
/** Git must not change line ends in what is found by its SHA-256, and shows no diff of it. */
const ATTRIBUTES_TEXT = Buffer.from('base/* -text -diff linguist-generated=true\nbackup/* -text -diff\n');

/**
 * What was last merged in, by its SHA-256.
 * @returns undefined if it is not there, or if it is something else; Windows line ends from git are undone
 */
export function readBase(root: string, sha256: string): Buffer | undefined {
  const bytes = readOwn(root, `${BASE}/${sha256}`);
  return bytes && [bytes, withUnixLines(bytes)].find((each) => sha256Of(each) === sha256);
}

/** Whether a base is there, but its content is lost. */
export function isBlankBase(root: string, sha256: string): boolean {
  const bytes = readOwn(root, `${BASE}/${sha256}`);
  return bytes !== undefined && isBlank(bytes) && sha256Of(bytes) !== sha256;
}

/** The bases that a manifest needs and that are not what their names say, or not there. */
export function brokenBases(root: string, manifest: Manifest): string[] {
  return [...neededBases(manifest)].filter((sha256) => !isIntact(root, sha256));
}

/** Whether git leaves what the engine keeps as it is. */
export function hasAttributes(root: string): boolean {
  const bytes = readOwn(root, ATTRIBUTES);
  return bytes !== undefined && withUnixLines(bytes).equals(ATTRIBUTES_TEXT);
}

/** What the user wrote and is nowhere else after a run. */
export function backupOf(bytes: Buffer): Write {
  return { kind: 'write', path: `${FOLDER}/backup/${sha256Of(bytes)}`, bytes, executable: false };
}

/**
 * What the engine keeps for the next run; the manifest last, since it says that the rest was done. Repairs what a hook, a person or
 * git changed there.
 * @param before what the manifest says now, in whatever layout
 * @param manifest what is to be remembered
 * @param known bytes that bases may be made of
 * @returns nothing where all of it is there already
 */
export function storeWrites(
  root: string,
  before: Manifest | undefined,
  manifest: Manifest,
  known: Iterable<Buffer>,
): Write[] {
  const writes: Write[] = [];
  const broken = brokenBases(root, manifest);
  const bytesOf = new Map(broken.length > 0 ? Array.from(known, (bytes) => [sha256Of(bytes), bytes]) : []);
  for (const sha256 of broken) {
    const bytes = bytesOf.get(sha256) ?? readBase(root, sha256);
    if (bytes) writes.push({ kind: 'write', path: `${BASE}/${sha256}`, bytes, executable: false });
  }
  const needed = neededBases(manifest);
  for (const sha256 of storedBases(root))
    if (!needed.has(sha256)) writes.push({ kind: 'delete', path: `${BASE}/${sha256}` });
  if (!hasAttributes(root)) writes.push({ kind: 'write', path: ATTRIBUTES, bytes: ATTRIBUTES_TEXT, executable: false });
  const text = formatManifest(manifest);
  const isKept = readOwn(root, MANIFEST) && before && formatManifest(before) === text;
  if (writes.length === 0 && isKept) return [];
  return [...writes, { kind: 'write', path: MANIFEST, bytes: Buffer.from(text), executable: false }];
}

function isIntact(root: string, sha256: string): boolean {
  const bytes = readOwn(root, `${BASE}/${sha256}`);
  return bytes !== undefined && sha256Of(bytes) === sha256;
}

/** A file of the engine's own folder; a link there leads nowhere. */
function readOwn(root: string, path: string): Buffer | undefined {
  const full = join(root, path);
  return fs.lstatSync(full, { throwIfNoEntry: false })?.isFile() ? fs.readFileSync(full) : undefined;
}

/** The names of the files in base/, without those that are not ours. */
function storedBases(root: string): string[] {
  const folder = join(root, BASE);
  return fs.existsSync(folder) ? fs.readdirSync(folder).filter(isSha256).sort() : [];
}

/** The SHA-256 of every base that a manifest needs. */
function neededBases({ files, conflicts }: Manifest): Set<string> {
  return new Set([
    ...Object.values(files).map((file) => file.sha256),
    ...Object.values(conflicts).map((conflict) => conflict.theirs),
  ]);
}
