import { join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';

/** Whether bytes are what a power loss leaves of a file that was just written: nothing, or only zeros. */
export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/**
 * Refuses what a power loss leaves of a file that was just written: nothing, or only zeros.
 * @throws UserError (internal)
 */
export function refuseBlank(root: string, path: string, bytes: Buffer): void {
  if (!isBlank(bytes)) return;
  throw new UserError(
    `${join(root, path)} is empty, as after a power loss; restore it from your git history, or if the project is new, remove ${root} and write it again`,
    EXIT.internal,
  );
}
