import { execaSync } from 'execa';
import { test } from 'vitest';

/** Whether a command is there and ends with 0. */
export const works = (command: string, ...args: string[]) => execaSync(command, args, { reject: false }).exitCode === 0;

/** A test that is skipped, with its reason, where a tool is missing; CI installs them all and sets NO_SKIP. */
export function needs(tool: string, present: boolean) {
  if (present) return test;
  if (process.env.NO_SKIP) throw new Error(`${tool} is missing, and nothing may be skipped here`);
  console.log(`skipping what needs ${tool}: it is not installed`);
  return test.skip;
}
