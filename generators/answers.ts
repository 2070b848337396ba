import { parseAnswers, readAnswersFile } from './lib/answers/answers-file.ts';
import { UserError } from './lib/errors.ts';
import type { Intent } from './lib/model/intent.ts';
import { isTerminal } from './terminal.ts';

/** The value of `--answers` for standard input. */
export const STANDARD_INPUT = '-';

/**
 * The answers that `--answers` names: a file, or `-` for standard input.
 * @param cwd the folder that a path starts from
 * @param isExact whether they replace the stored answers
 * @throws UserError if there are none, or they cannot be used
 */
export async function readAnswers(path: string | undefined, cwd: string, isExact = false): Promise<Intent> {
  if (isExact && path === undefined) throw new UserError('--exact needs an answers file; add --answers FILE');
  if (path !== STANDARD_INPUT) return readAnswersFile(path, cwd);
  if (isTerminal(0))
    throw new UserError('--answers - reads standard input, which is a terminal; pipe the answers in, or name a file');
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.toString().trim() === '')
    throw new UserError('--answers - found nothing on standard input; pipe JSON or YAML answers in, or name a file');
  return parseAnswers('standard input', bytes);
}
