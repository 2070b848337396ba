import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Engine, engine, mutants } from './support/engine.ts';
import { type Property, plainProperties, properties } from './support/properties.ts';
import { plainScenarios, scenarios } from './support/scenario.ts';

/** How often each property is tried, and from which seed: `CASES=500 SEED=1 npm test -- test/regenerate.test.ts`. */
const CASES = Number(process.env.CASES ?? 100);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
// In memory, since every run waits for the disk.
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
console.log(`SEED=${SEED} CASES=${CASES}`);

async function hold(
  property: Property,
  tried: Engine,
  given: typeof scenarios,
  numRuns: number,
  seed = SEED,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(given, async (scenario) => {
      const outer = mkdtempSync(join(FOLDER, 'makina-image-case-'));
      try {
        writeFileSync(join(outer, 'outside'), 'outside');
        property(tried, scenario, join(outer, 'project'));
      } finally {
        rmSync(outer, { recursive: true, force: true });
        // Signals are listened to again in the turn after the next one.
        await setImmediate();
        await setImmediate();
      }
    }),
    { numRuns, seed, endOnFailure: process.env.SHRINK === undefined },
  );
}

const all: [string, Property, typeof scenarios][] = [
  ...Object.entries(properties).map(([name, property]): [string, Property, typeof scenarios] => [
    name,
    property,
    scenarios,
  ]),
  ...Object.entries(plainProperties).map(([name, property]): [string, Property, typeof scenarios] => [
    name,
    property,
    plainScenarios,
  ]),
];

describe('whatever the user and the templates do', () => {
  test.each(all)('%s', { timeout: 600_000 }, (_, property, given) => hold(property, engine, given, CASES));
});

describe('the suite finds a fault', () => {
  test.each(Object.entries(mutants))('in an engine that %s', { timeout: 600_000 }, async (_, mutant) => {
    let found: string | undefined;
    for (const [name, property, given] of all)
      found ??= await hold(property, mutant, given, 30, 1).then(
        () => undefined,
        () => name,
      );
    expect(found).toBeDefined();
  });
});
