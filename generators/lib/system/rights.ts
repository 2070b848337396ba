import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EXIT, UserError } from '../errors.ts';

const ROOT = 0;
const STICKY = 0o1000;
const WRITABLE_BY_ALL = 0o002;
const WRITABLE_BY_GROUP = 0o020;

/**
 * Does something in a folder with the rights of its owner, if root runs it: the owner can put a link in the way of every step, and
 * Node cannot open a path without following links. A folder that is not there yet has the owner of the one above it.
 * @throws UserError (internal) for a folder that someone other than its owner can replace, or one whose owner cannot reach it
 */
export function asOwner<T>(folder: string, work: () => T): T {
  if (process.geteuid?.() !== ROOT) return work();
  const { uid, gid } = ownerOf(folder);
  if (uid === ROOT) return work();
  return withRights(uid, groupOf(uid, gid), () => {
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

/** A group of a user: that of a folder if the user is in it, else the user's own. */
function groupOf(uid: number, gid: number): number {
  const [user] = table('/etc/passwd').filter(([, , id]) => Number(id) === uid);
  if (!user) return uid;
  const isMember = table('/etc/group').some(
    ([, , id, names = '']) => Number(id) === gid && names.split(',').includes(user[0] as string),
  );
  return isMember ? gid : Number(user[3]);
}

function table(path: string): string[][] {
  const text = fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '';
  return text.split('\n').map((line) => line.split(':'));
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
  } catch (error) {
    if (process.geteuid?.() !== ROOT) back();
    throw new UserError(
      `root is not allowed to take the rights of the user ${uid}, whose project it is (${(error as Error).message}); run it as that user`,
      EXIT.internal,
    );
  }
  try {
    result = work();
  } catch (error) {
    back();
    throw error;
  }
  if (result instanceof Promise) return result.finally(back) as T;
  back();
  return result;
}

/**
 * Whether root has to hold on to a folder while it works there: one of root's, or one that is to be made, that someone else can
 * replace.
 * @param isReadOnly nothing is made
 */
export function isMovable(folder: string, isReadOnly: boolean): boolean {
  if (process.geteuid?.() !== ROOT || process.platform !== 'linux') return false;
  const stat = fs.statSync(existing(resolve(folder)));
  if (!stat.isDirectory()) return false;
  if (!fs.existsSync(folder) && !isReadOnly && (stat.uid !== ROOT || isOpen(stat))) return true;
  return stat.uid === ROOT && replaceablePart(resolve(folder), ROOT) !== undefined;
}

/** The owner of a folder. No one else may own a part of the way to it: they could lead it elsewhere, even while it is read. */
function ownerOf(folder: string): fs.Stats {
  const path = resolve(folder);
  const real = existing(path);
  const owner = fs.statSync(real);
  const part = replaceablePart(path, owner.uid);
  if (part === undefined) return owner;
  const whose = owner.uid === ROOT ? 'root' : `the user ${owner.uid}`;
  throw new UserError(
    `${folder} belongs to ${whose}, but others can write to ${part} and replace it; give both to one user with chown -R, or move it`,
    EXIT.internal,
  );
}

/** A part of the way to a folder of `uid` that someone else, who is not root, can lead elsewhere. */
function replaceablePart(path: string, uid: number): string | undefined {
  const real = existing(path);
  for (const [part, stat] of [...partsOf(path), ...partsOf(real)]) {
    // Only its owner can replace what is in a sticky folder, but anyone can add to it.
    const isSafe = (stat.mode & STICKY) !== 0 && part !== path && part !== real;
    if ((stat.uid !== ROOT && stat.uid !== uid) || (uid === ROOT && isOpen(stat) && !isSafe)) return part;
  }
  return undefined;
}

/** Whether others than root can put something into a folder of root's. */
function isOpen(stat: fs.Stats): boolean {
  if (stat.isSymbolicLink()) return false;
  const { mode, gid } = stat;
  return (mode & WRITABLE_BY_ALL) !== 0 || ((mode & WRITABLE_BY_GROUP) !== 0 && gid !== ROOT);
}

/** The folders and links that lead to a path, from the top on, as far as it is there. */
function* partsOf(path: string, links = 0): Generator<[part: string, stat: fs.Stats]> {
  const above = dirname(path);
  if (above !== path) yield* partsOf(above, links);
  let target: string | undefined;
  try {
    const stat = fs.lstatSync(path);
    yield [path, stat];
    if (stat.isSymbolicLink()) target = resolve(fs.realpathSync(above), fs.readlinkSync(path));
  } catch {
    // It is not there, or root cannot read it, as on NFS.
  }
  // As many as the kernel follows.
  if (target !== undefined && links < 40) yield* partsOf(target, links + 1);
}

function existing(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return existing(dirname(path));
  }
}
