/** The file that a backup is written to: all of it or nothing. */

import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { EXIT, UserError } from '../../errors.ts';
import { codeOf, lstat } from '../../system/files.ts';
import { asOwner } from '../../system/rights.ts';
import { MANIFEST, type Manifest, SUMS } from './manifest.ts';
import { TAR_BLOCK, TAR_END, tarHeader, tarPadding } from './tar.ts';

/** How a backup that is being written is called. */
const unfinished = (project: string) => `.makina-image-backup-${project}-`;

/** @throws an error for a name that is taken, or whose folder is not there or cannot be written to */
export function refuseOutput(file: string, project: string): void {
  const folder = dirname(file);
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`there is no folder ${folder} for the backup; create it first`);
  if (fs.lstatSync(file, { throwIfNoEntry: false })) throw taken(file);
  // What may be written is asked of root itself, not of the owner whose rights are used.
  new Output(file, project).close();
}

const taken = (file: string) =>
  new UserError(`${file} is there already, and a backup never overwrites a file; give another name`);

/** A backup that is being written, under another name beside its own. */
export class Output {
  readonly #file: string;
  readonly #temporary: string;
  readonly #descriptor: number;
  #size = 0;

  /** @param file where it comes to be, at the end */
  constructor(file: string, project: string) {
    this.#file = file;
    this.#temporary = join(dirname(file), `${unfinished(project)}${randomBytes(6).toString('hex')}`);
    // It holds the secrets.
    this.#descriptor = this.#asOwner(() => fs.openSync(this.#temporary, 'wx', 0o600));
  }

  /** Adds a member of unknown size. */
  async add(name: string, content: Readable): Promise<{ bytes: number; sha256: string }> {
    const begin = this.#size;
    const sum = createHash('sha256');
    this.#write(Buffer.alloc(TAR_BLOCK));
    for await (const chunk of content as AsyncIterable<Buffer>) {
      sum.update(chunk);
      this.#write(chunk);
    }
    const bytes = this.#size - begin - TAR_BLOCK;
    this.#write(tarPadding(bytes));
    this.#guarded(() => fs.writeSync(this.#descriptor, tarHeader(name, bytes), 0, TAR_BLOCK, begin));
    return { bytes, sha256: sum.digest('hex') };
  }

  /** Adds the manifest and the checksums, and gives the file its name. @throws UserError if another one has it by now */
  finish(manifest: Manifest): void {
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    const sums = [
      ...manifest.parts.map(({ file, sha256 }) => `${sha256}  ${file}\n`),
      `${createHash('sha256').update(text).digest('hex')}  ${MANIFEST}\n`,
    ];
    for (const [name, bytes] of [[MANIFEST, text] as const, [SUMS, Buffer.from(sums.join(''))] as const]) {
      this.#write(tarHeader(name, bytes.length));
      this.#write(bytes);
      this.#write(tarPadding(bytes.length));
    }
    this.#write(TAR_END);
    this.#guarded(() => fs.fsyncSync(this.#descriptor));
    this.#asOwner(() => {
      try {
        // Unlike a rename, it never replaces a file.
        fs.linkSync(this.#temporary, this.#file);
      } catch (error) {
        if (codeOf(error) === 'EEXIST') throw taken(this.#file);
        if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error) ?? '')) throw error;
        // A disk without hard links.
        if (fs.lstatSync(this.#file, { throwIfNoEntry: false })) throw taken(this.#file);
        fs.renameSync(this.#temporary, this.#file);
      }
      fs.rmSync(this.#temporary, { force: true });
      const folder = fs.openSync(dirname(this.#file), 'r');
      fs.fsyncSync(folder);
      fs.closeSync(folder);
    });
  }

  /** How much is written. */
  get size(): number {
    return this.#size;
  }

  /** Ends the writing: what is not finished is removed. */
  close(): void {
    fs.closeSync(this.#descriptor);
    this.#asOwner(() => fs.rmSync(this.#temporary, { force: true }));
  }

  #write(bytes: Buffer): void {
    this.#guarded(() => {
      for (let done = 0; done < bytes.length; )
        done += fs.writeSync(this.#descriptor, bytes, done, bytes.length - done, this.#size + done);
    });
    this.#size += bytes.length;
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'].includes(codeOf(error) ?? '')) throw error;
      const why = codeOf(error) === 'EIO' ? 'cannot be written' : 'is full';
      throw new UserError(
        `the disk of ${dirname(this.#file)} ${why}, after ${this.#size} bytes of the backup; nothing of it is left there`,
        EXIT.disk,
      );
    }
  }

  #asOwner<T>(work: () => T): T {
    return asOwner(dirname(this.#file), work);
  }
}

const DAY_MILLISECONDS = 86_400_000;

/**
 * Removes what killed backups of a project left in a folder. One that was written to within a day may be that of another host, which
 * is at work.
 * @param moment now, in ISO 8601
 * @returns how many there were
 */
export function removeUnfinished(folder: string, project: string, moment: string): number {
  const latest = Date.parse(moment) - DAY_MILLISECONDS;
  return asOwner(folder, () => {
    const pattern = unfinished(project);
    const left = fs
      .readdirSync(folder)
      .filter((name) => name.startsWith(pattern) && /^[0-9a-f]{12}$/.test(name.slice(pattern.length)))
      .filter((name) => (lstat(join(folder, name))?.mtimeMs ?? latest) < latest);
    for (const name of left) fs.rmSync(join(folder, name), { force: true });
    return left.length;
  });
}

/** The name of a backup in a folder. @param moment ISO 8601 */
export const defaultName = (project: string, moment: string) =>
  `${project}-${moment.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}.tar`;
