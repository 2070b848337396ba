import { shown } from './text/shown.ts';

/**
 * The exit codes; docs/exit-codes.md has the same table. 69 is that of `makina` in a container too: nothing runs. 65, 74 and 75 are
 * those of sysexits.h: unusable data, a disk that is full or cannot be written, something else is at work.
 */
export const EXIT = {
  ...{ done: 0, internal: 1, usage: 2, conflict: 3 },
  ...{ data: 65, unavailable: 69, disk: 74, busy: 75, interrupted: 130 },
} as const;

/** An error meant for the person at the keyboard: `message` says what, where and what to do; `code` is the exit code. */
export class UserError extends Error {
  readonly code: number;

  constructor(message: string, code: number = EXIT.usage) {
    // Messages may contain names and texts of a project.
    super(shown(message));
    this.name = 'UserError';
    this.code = code;
  }
}
