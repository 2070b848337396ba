import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { single } from '../lib/answers/flags.ts';
import { doctor } from '../lib/doctor/doctor.ts';
import { toldReport } from '../lib/doctor/finding.ts';
import { UserError } from '../lib/errors.ts';
import { parseCommandLine } from './command-line.ts';
import { print } from './print.ts';

/** `makina-image doctor [DIR]` */
export async function runDoctor(args: string[]): Promise<void> {
  const { flags, words } = parseCommandLine('doctor', args, ['volume'], ['json', 'help']);
  if (flags.help) return (await import('./help.ts')).printDoctorHelp();
  if (words.length > 1) throw new UserError(`doctor takes one folder, not ${words.length} words: ${words.join(' ')}`);
  const volume = single(flags, 'volume');
  const report = await doctor({
    folder: resolve(words[0] ?? '.'),
    volume: volume === undefined ? undefined : resolve(volume),
    node: process.versions.node,
    searchPath: process.env.PATH ?? '',
    scratch: tmpdir(),
  });
  print(flags.json?.at(-1) === true ? JSON.stringify(report) : toldReport(report));
  process.exitCode = report.exit;
}
