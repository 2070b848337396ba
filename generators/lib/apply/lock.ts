import fs from 'node:fs';
import { join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { codeOf, lstat } from '../system/files.ts';
import { LOCK, makeOwnedFolder, OWN } from './state.ts';

const CLAIM = /^(\d+)-(\d*)-(\d*)-([0-9a-f]*)$/;

/**
 * Does something while no other run writes to a folder.
 * The lock is a folder of claims. A claim is named after its process, and that name never comes back: whoever finds one
 * of a dead process may remove it, and no two runs can take over from each other.
 * @throws UserError (internal) if another run is at work
 */
export function locked<T>(root: string, work: () => T): T {
  const claim = join(root, LOCK, ownClaim());
  try {
    place(root, claim);
    try {
      waitForOthers(root, claim);
      return work();
    } finally {
      quietly(() => fs.unlinkSync(claim));
    }
  } finally {
    // They stay if there is something in them: another claim, or what was written.
    quietly(() => fs.rmdirSync(join(root, LOCK)));
    quietly(() => fs.rmdirSync(join(root, OWN)));
  }
}

/** Does what may fail without harm: what it leaves behind is found by the next run. */
export function quietly(step: () => unknown): void {
  try {
    step();
  } catch {}
}

function place(root: string, claim: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      for (const dir of [OWN, LOCK]) ensureFolder(root, dir);
      fs.closeSync(fs.openSync(claim, 'wx'));
      return;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw busy(root, claim);
      quietly(() => fs.unlinkSync(claim));
      // Another run has just ended and took the empty folder away.
      if (codeOf(error) !== 'ENOENT' || attempt === 10) throw error;
    }
  }
}

function ensureFolder(root: string, path: string): void {
  const stat = lstat(join(root, path));
  if (stat && !stat.isDirectory())
    throw new UserError(`${join(root, path)} is not a folder; move it away`, EXIT.conflict);
  if (stat) return;
  try {
    makeOwnedFolder(root, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Of two runs that start at once the later name gives way, so that the other one goes on. */
function waitForOthers(root: string, claim: string): void {
  for (let attempt = 1; ; attempt++) {
    const names = fs.readdirSync(join(root, LOCK)).map((name) => join(root, LOCK, name));
    const others = names.filter((name) => name !== claim);
    const live = others.filter(isLive);
    for (const dead of others.filter((name) => !live.includes(name))) fs.rmSync(dead, { force: true });
    if (live.length === 0) return;
    const first = live.sort()[0] as string;
    if (first < claim || attempt === 20) throw busy(root, first);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

function busy(root: string, claim: string): UserError {
  const [, pid] = claim.slice(join(root, LOCK).length + 1).match(CLAIM) ?? [];
  return new UserError(
    `another run${pid ? `, process ${pid},` : ''} is writing to ${root}; wait until it ends, or remove ${claim} if there is no such run`,
    EXIT.internal,
  );
}

/** The claim of this process: its id, start, process namespace and boot; a part that the system does not show is empty. */
export function ownClaim(): string {
  own ??= findClaim();
  return own;
}

let own: string | undefined;

function findClaim(): string {
  const [start] = processStat(process.pid);
  const namespace = readable(() => fs.readlinkSync('/proc/self/ns/pid')).replace(/\D/g, '');
  const boot = readable(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')).replace(/[^0-9a-f]/g, '');
  return [process.pid, start, namespace, boot].join('-');
}

/** Whether the run of a claim, a path, is at work; true if that is not sure. */
export function isLive(path: string): boolean {
  const [, pid, start, namespace, boot] = path.split('/').at(-1)?.match(CLAIM) ?? [];
  if (!pid) return true;
  const [, , ownNamespace, ownBoot] = ownClaim().split('-');
  if (boot && ownBoot && boot !== ownBoot) return false;
  if (namespace !== ownNamespace) return true;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
  const [startNow, status] = processStat(Number(pid));
  // A zombie has ended; its parent has not noticed yet.
  return status !== 'Z' && (!start || !startNow || start === startNow);
}

function processStat(pid: number): [start: string, status: string] {
  const fields = readable(() => fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))
    .replace(/.*\) /s, '')
    .split(' ');
  return [fields[19] ?? '', fields[0] ?? ''];
}

function readable(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
