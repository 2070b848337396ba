/** The file of a backup, checked as a whole. */

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { EXIT, UserError } from '../../errors.ts';
import { codeOf } from '../../system/files.ts';
import { MANIFEST, type Manifest, manifestSchema, type Part, SUMS } from './manifest.ts';
import { readTarHeader, TAR_BLOCK, tarPadding } from './tar.ts';

/** A backup that was checked. */
export interface Archive {
  manifest: Manifest;
  /** The content of a part. */
  read: (part: Part) => Readable;
  close: () => void;
}

/**
 * Opens a backup, and checks every byte of it.
 * @throws UserError if anything in it is not as it was written
 */
export async function openArchive(file: string, signal: AbortSignal): Promise<Archive> {
  // A FIFO would wait for its other end.
  const descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    if (!fs.fstatSync(descriptor).isFile()) throw new Error('it is not a file');
    const members = membersOf(descriptor);
    const text = bytesOf(descriptor, members.get(MANIFEST));
    const { success, data } = manifestSchema.safeParse(parsed(text));
    if (!success) throw new Error(`its ${MANIFEST} is not that of a backup`);
    const sums = new Map<string, string>();
    for (const [name, member] of members) {
      if (name === SUMS) continue;
      const sum = createHash('sha256');
      for await (const chunk of contentOf(descriptor, member)) {
        sum.update(chunk);
        if (signal.aborted) throw new UserError('interrupted', EXIT.interrupted);
      }
      sums.set(name, sum.digest('hex'));
    }
    checkMembers(data, members, sums, bytesOf(descriptor, members.get(SUMS)).toString());
    return {
      manifest: data,
      read: (part) => Readable.from(contentOf(descriptor, members.get(part.file) as Member)),
      close: () => fs.closeSync(descriptor),
    };
  } catch (error) {
    fs.closeSync(descriptor);
    if (error instanceof UserError || codeOf(error)) throw error;
    throw unusable(file, (error as Error).message);
  }
}

/** @param why a part of a sentence */
export const unusable = (file: string, why: string) =>
  new UserError(`${file} cannot be restored: ${why}; nothing was replaced, use another backup`, EXIT.data);

interface Member {
  begin: number;
  size: number;
}

const read = promisify(fs.read);

async function* contentOf(descriptor: number, { begin, size }: Member): AsyncGenerator<Buffer> {
  for (let at = begin; at < begin + size; ) {
    const piece = Buffer.alloc(Math.min(1 << 20, begin + size - at));
    const { bytesRead } = await read(descriptor, piece, 0, piece.length, at);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}

const LARGEST_TEXT = 16 << 20;

function bytesOf(descriptor: number, member: Member | undefined): Buffer {
  if (!member || member.size > LARGEST_TEXT) throw new Error('it has no end, since it was cut off, or is no backup');
  const bytes = Buffer.alloc(member.size);
  fs.readSync(descriptor, bytes, 0, member.size, member.begin);
  return bytes;
}

function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}

/** The members of an outer tar. @throws Error for anything that is not in a backup */
function membersOf(descriptor: number): Map<string, Member> {
  const { size: end } = fs.fstatSync(descriptor);
  const members = new Map<string, Member>();
  const block = Buffer.alloc(TAR_BLOCK);
  for (let at = 0; ; ) {
    if (fs.readSync(descriptor, block, 0, TAR_BLOCK, at) !== TAR_BLOCK) throw new Error('it was cut off');
    const header = readTarHeader(block);
    at += TAR_BLOCK;
    if (!header) {
      const rest = Buffer.alloc(TAR_BLOCK);
      fs.readSync(descriptor, rest, 0, TAR_BLOCK, at);
      if (end !== at + TAR_BLOCK || rest.some(Boolean)) throw new Error('it does not end where a backup ends');
      return members;
    }
    const { name, size } = header;
    if (members.has(name)) throw new Error(`it has ${name} twice`);
    const padding = tarPadding(size);
    if (at + size + padding.length > end) throw new Error('it was cut off');
    members.set(name, { begin: at, size });
    at += size;
    fs.readSync(descriptor, padding, 0, padding.length, at);
    if (padding.some(Boolean)) throw new Error(`it is damaged after ${name}`);
    at += padding.length;
  }
}

/** @throws Error unless the members are those of the manifest, with their checksums */
function checkMembers(manifest: Manifest, members: Map<string, Member>, sums: Map<string, string>, list: string): void {
  const { parts } = manifest;
  for (const { file, sha256, bytes } of parts) {
    if (!members.has(file)) throw new Error(`it lacks ${file}`);
    if (members.get(file)?.size !== bytes || sums.get(file) !== sha256)
      throw new Error(`${file} in it is damaged: its checksum is another one`);
  }
  const expected = [...parts.map(({ file }) => file), MANIFEST];
  if (list !== expected.map((name) => `${sums.get(name)}  ${name}\n`).join(''))
    throw new Error(`its ${SUMS} is damaged, or its ${MANIFEST}`);
  if (new Set(expected).size !== expected.length || members.size !== expected.length + 1)
    throw new Error(`it has files that its ${MANIFEST} does not name`);
  const names = parts.map(({ kind, name }) => `${kind} ${name}`);
  if (new Set(names).size !== names.length) throw new Error('it has a folder or a volume twice');
}
