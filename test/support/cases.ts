import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setImmediate } from 'node:timers/promises';

/** Where trees are written that need no disk: every run would wait for it. */
export const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** How often each property is tried, and from which seed: `CASES=500 SEED=1 npm test -- test/cli/regenerate.test.ts`. */
export const CASES = Number(process.env.CASES ?? 100);
export const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
console.log(`SEED=${SEED} CASES=${CASES}`);

/** Two turns of the event loop: after these, a run that wrote something no longer listens to signals. */
export async function turnOver(): Promise<void> {
  await setImmediate();
  await setImmediate();
}
