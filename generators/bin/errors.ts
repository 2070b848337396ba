import { UserError } from '../lib/errors.ts';
import { paint } from '../lib/output/style.ts';
import { styleOf } from '../terminal.ts';
import { printError } from './print.ts';

/** One sentence for an error. */
export function sentence(error: unknown): string {
  if (error instanceof UserError) return error.message;
  // It says what and where: a file that cannot be read ...
  if (isSystemError(error)) return `${error.message}; fix that, then run it again`;
  const what = error instanceof Error ? error.message : String(error);
  return `this is a bug in makina-image (${what}); run it again with --verbose, and report what it prints`;
}

/** Whether an error is not a bug of ours: one for the user, or one of the system. */
export function isExpected(error: unknown): error is Error {
  return error instanceof UserError || isSystemError(error);
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

/** Prints an error on standard error, and with --verbose where it comes from. */
export function printFailure(error: unknown, isVerbose: boolean): void {
  printSentence(sentence(error));
  if (isVerbose && error instanceof Error) printError(error.stack ?? '');
}

/** Prints what went wrong, on standard error. */
export function printSentence(text: string): void {
  printError(`${paint(styleOf(2), 'red', 'makina-image:')} ${text}`);
}
