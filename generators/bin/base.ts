import { conflictMode } from '../conflict-mode.ts';
import { single } from '../lib/answers/flags.ts';
import { baseImage } from '../lib/base-image.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { baseSummary } from '../lib/summary.ts';
import { parseCommandLine } from './command-line.ts';
import { print } from './print.ts';

/** `makina-image base DIR [--conflict=MODE]` */
export async function runBase(args: string[]): Promise<void> {
  const { flags, words } = parseCommandLine('base', args, ['conflict'], ['help']);
  if (flags.help) return (await import('./help.ts')).printBaseHelp();
  const [folder] = words;
  if (!folder || words.length > 1) throw new UserError('base takes one folder: makina-image base DIR');
  const written = baseImage(process.cwd(), folder, conflictMode(single(flags, 'conflict')));
  if (written.conflicts) process.exitCode = EXIT.conflict;
  print(baseSummary(written, process.cwd()));
}
