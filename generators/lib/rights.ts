import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EXIT, UserError } from './errors.ts';

const ROOT = 0;
const STICKY = 0o1000;
const WRITABLE_BY_ALL = 0o002;

/**
 * Does something in a folder with the rights of its owner, where root does it: the owner can put a link in the way of every step, and
 * Node knows no way to follow none. A folder that is not there yet has the owner of the one above it.
 * @throws UserError (internal) for a folder of root's that somebody else can replace, or one whose owner cannot get there
 */
export function asOwner<T>(folder: string, work: () => T): T {
  if (process.geteuid?.() !== ROOT) return work();
  const { uid, gid } = ownerOf(folder);
  if (uid === ROOT) return work();
  return withRights(uid, gid, () => {
    try {
      fs.readdirSync(existing(resolve(folder)));
    } catch {
      throw new UserError(
        `${folder} belongs to the user ${uid}, who cannot reach it, and root works there with that user's rights; chown it, or move it`,
        EXIT.internal,
      );
    }
    return work();
  });
}

/**
 * Does something with the rights of whoever runs this, also within `asOwner`: what is the package's own, or another command.
 * @param work gets the user and group that a command has to be started as
 */
export function asRunner<T>(work: (ids: { uid?: number; gid?: number }) => T): T {
  const [uid, gid] = [process.geteuid?.() ?? ROOT, process.getegid?.() ?? ROOT];
  if (process.getuid?.() !== ROOT || uid === ROOT) return work({});
  process.seteuid?.(ROOT);
  try {
    return work({ uid, gid });
  } finally {
    process.seteuid?.(uid);
  }
}

function withRights<T>(uid: number, gid: number, work: () => T): T {
  const groups = process.getgroups?.() ?? [];
  const own = process.getegid?.() ?? ROOT;
  const back = () => {
    process.seteuid?.(ROOT);
    process.setegid?.(own);
    process.setgroups?.(groups);
  };
  let result: T;
  try {
    process.setgroups?.([gid]);
    process.setegid?.(gid);
    process.seteuid?.(uid);
    result = work();
  } catch (error) {
    back();
    throw error;
  }
  if (result instanceof Promise) return result.finally(back) as T;
  back();
  return result;
}

/** The owner of a folder; root's has to be out of reach of others. */
function ownerOf(folder: string): fs.Stats {
  const real = existing(resolve(folder));
  const stat = fs.statSync(real);
  if (stat.uid !== ROOT) return stat;
  for (let above = real; ; above = dirname(above)) {
    const { uid, mode } = fs.statSync(above);
    if (uid !== ROOT || (mode & (WRITABLE_BY_ALL | STICKY)) === WRITABLE_BY_ALL)
      throw new UserError(
        `${folder} belongs to root, but others can write to ${above} and replace it; give it to its user with chown -R, or move it`,
        EXIT.internal,
      );
    if (above === dirname(above)) return stat;
  }
}

function existing(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return existing(dirname(path));
  }
}
