import fs from 'node:fs';

/** What goes wrong, and at which call of node:fs, counted from 1. */
export interface Faults {
  /** The process gets this signal before or after the call. */
  signal?: { at: number; name: NodeJS.Signals; when: 'before' | 'after' };
  /** From this call on nothing has an effect any more: to the disk that is what a killed process is. */
  deadAt?: number;
  /** This call, or every call from it on, fails. */
  failAt?: { at: number; code: string; until?: number };
  /** Every call of this function fails. */
  failOn?: { name: string; code: string };
}

type Call = (...args: unknown[]) => unknown;
const CHANGES = /^(write|rename|link|unlink|mkdir|rmdir|rm|chmod|fchmod|open)/;

/**
 * Lets calls of node:fs go wrong from here on.
 * @returns how to end that; it tells how many calls there were, and which of them may have changed something
 */
export function inject({ signal, deadAt = Infinity, failAt, failOn }: Faults) {
  const table = fs as unknown as Record<string, Call>;
  const names = Object.keys(table).filter((name) => name.endsWith('Sync') && typeof table[name] === 'function');
  const real = new Map(names.map((name) => [name, table[name] as Call]));
  // Many disks would wear out here, and no fault is power loss.
  const sync = fs.fsync;
  table.fsync = (_, done) => (done as Call)();
  let calls = 0;
  const changes: number[] = [];
  for (const [name, call] of real) {
    table[name] = (...args) => {
      const at = ++calls;
      if (CHANGES.test(name) && !(name === 'openSync' && args[1] === 'r')) changes.push(at);
      if (at >= deadAt) throw systemError('EIO', name);
      if (failAt && at >= failAt.at && at <= (failAt.until ?? failAt.at)) throw systemError(failAt.code, name);
      if (failOn?.name === name) throw systemError(failOn.code, name);
      if (signal?.at === at && signal.when === 'before') process.kill(process.pid, signal.name);
      try {
        return name === 'fsyncSync' ? undefined : call(...args);
      } finally {
        if (signal?.at === at && signal.when === 'after') process.kill(process.pid, signal.name);
      }
    };
  }
  return () => {
    for (const [name, call] of real) table[name] = call;
    table.fsync = sync as Call;
    return { calls, changes };
  };
}

/**
 * Does something while calls of node:fs go wrong.
 * @returns what was thrown, how many calls there were, and which of them may change something
 */
export function withFaults(faults: Faults, work: () => void) {
  const end = inject(faults);
  let thrown: unknown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  return { thrown, ...end() };
}

function systemError(code: string, name: string): Error {
  return Object.assign(new Error(`${code}: injected, ${name}`), { code });
}
