import { hash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

const { O_RDONLY, O_NOFOLLOW } = fs.constants;
const WRITABLE_BY_OTHERS = 0o022;
/** A hash before the code: V8 would run damaged code. */
const HASH_BYTES = 32;

/** A file of this user that keeps V8's compiled code of a source. */
export interface CodeCache {
  /** The code that is there; V8 itself refuses that of another V8. */
  code: Buffer | undefined;
  /** Keeps other code for the next runs. */
  keep: (code: Buffer) => void;
}

/**
 * The cache of a source, in XDG_CACHE_HOME or ~/.cache. The code in it is run, so no one else must be able to write there.
 * @returns undefined if someone else can; failures are silent, since they only make a start slower
 */
export function codeCacheOf(source: string, { XDG_CACHE_HOME, HOME = '' }: NodeJS.ProcessEnv): CodeCache | undefined {
  const above = XDG_CACHE_HOME || join(HOME, '.cache');
  if (!isAbsolute(above)) return undefined;
  const folder = join(above, 'makina-image');
  const kind = `${process.version}-${process.arch}-`;
  const file = join(folder, kind + hash('sha256', source));
  return {
    code: quietly(() => (isOwn(above, folder) ? wholeCode(readOwn(file)) : undefined)),
    keep: (code) =>
      quietly(() => {
        if (!isNearestOwn(folder)) return;
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
        if (!isOwn(above, folder)) return;
        // Those of other builds for the same Node.
        for (const name of fs.readdirSync(folder)) if (name.startsWith(kind)) fs.unlinkSync(join(folder, name));
        fs.writeFileSync(`${file}-${process.pid}`, Buffer.concat([hashOf(code), code]), { flag: 'wx', mode: 0o600 });
        fs.renameSync(`${file}-${process.pid}`, file);
      }),
  };
}

const hashOf = (code: Buffer) => hash('sha256', code, 'buffer');

/** The code of a file, if all of it is as it was written: a disk that lost power may have zeros in it. */
function wholeCode(bytes: Buffer | undefined): Buffer | undefined {
  const code = bytes?.subarray(HASH_BYTES);
  return code && bytes?.subarray(0, HASH_BYTES).equals(hashOf(code)) ? code : undefined;
}

/** Whether a new folder would be in one of this user: root may have the HOME of another user. */
function isNearestOwn(folder: string): boolean {
  const stat = fs.lstatSync(folder, { throwIfNoEntry: false });
  return stat ? stat.isDirectory() && stat.uid === process.geteuid?.() : isNearestOwn(dirname(folder));
}

/** Whether folders are this user's, are not links, and only this user can write to them. */
function isOwn(...folders: string[]): boolean {
  return folders.every((folder) => {
    const stat = fs.lstatSync(folder);
    return stat.isDirectory() && isSafe(stat);
  });
}

function isSafe({ uid, mode }: fs.Stats): boolean {
  return uid === process.geteuid?.() && (mode & WRITABLE_BY_OTHERS) === 0;
}

function readOwn(path: string): Buffer | undefined {
  const file = fs.openSync(path, O_RDONLY | O_NOFOLLOW);
  try {
    const stat = fs.fstatSync(file);
    return stat.isFile() && isSafe(stat) ? fs.readFileSync(file) : undefined;
  } finally {
    fs.closeSync(file);
  }
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
