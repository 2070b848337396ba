import { afterEach, describe, expect, test } from 'vitest';
import { asOwner, asRunner } from '../../generators/lib/system/rights.ts';
import { tempDir } from '../support/run.ts';

/** What Node has no such function for on Windows. */
const NAMES = ['getuid', 'geteuid', 'getegid', 'getgroups', 'seteuid', 'setegid', 'setgroups'] as const;
const original = Object.getOwnPropertyDescriptors(process);

describe('on a host without users', () => {
  afterEach(() => {
    for (const name of NAMES) Object.defineProperty(process, name, original[name] as PropertyDescriptor);
  });

  test('work is done with the rights there are', async () => {
    for (const name of NAMES) Object.defineProperty(process, name, { value: undefined, configurable: true });
    expect(asOwner(tempDir(), () => asRunner((ids) => ids))).toEqual({});
    expect(await asOwner('/nowhere/at/all', async () => 1)).toBe(1);
  });
});
