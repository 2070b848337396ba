import { baseImage } from '../lib/base-image.ts';
import { UserError } from '../lib/errors.ts';
import { baseSummary } from '../lib/summary.ts';
import { parseCommandLine } from './command-line.ts';

/** `makina-image base DIR [--force]` */
export async function runBase(args: string[]): Promise<void> {
  const { flags, words } = parseCommandLine('base', args, [], ['force', 'help']);
  if (flags.help) return (await import('./help.ts')).printBaseHelp();
  const [folder] = words;
  if (!folder || words.length > 1) throw new UserError('base takes one folder: makina-image base DIR');
  const written = baseImage(process.cwd(), folder, flags.force?.at(-1) === true);
  console.log(baseSummary(written, process.cwd()));
}
