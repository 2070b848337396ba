import { tmpdir } from 'node:os';
import { conflictMode } from '../conflict-mode.ts';
import { single } from '../lib/answers/flags.ts';
import { EXIT } from '../lib/errors.ts';
import { flagsOf, KINDS, type Kind } from '../lib/stanza/kinds.ts';
import { stanza } from '../lib/stanza/stanza.ts';
import { stanzaSummary } from '../lib/summary.ts';
import { parseCommandLine } from './command-line.ts';
import { print } from './print.ts';

/** `makina-image circus-program NAME [flags]` */
export const runCircusProgram = (args: string[]) => run(KINDS['circus-program'], args);
/** `makina-image nginx-vhost DOMAIN [flags]` */
export const runNginxVhost = (args: string[]) => run(KINDS['nginx-vhost'], args);
/** `makina-image nginx-location [VHOST] PATH [flags]` */
export const runNginxLocation = (args: string[]) => run(KINDS['nginx-location'], args);

async function run(kind: Kind, args: string[]): Promise<void> {
  const named = (switches: boolean) =>
    flagsOf(kind)
      .filter(({ isSwitch }) => isSwitch === switches)
      .map(({ flag }) => flag);
  const { flags, words } = parseCommandLine(kind.verb, args, [...named(false), 'conflict'], [...named(true), 'help']);
  if (flags.help) return (await import('./help.ts')).printStanzaHelp(kind);
  const conflict = conflictMode(single(flags, 'conflict'));
  const result = stanza(kind, { cwd: process.cwd(), words, flags, conflict, scratch: tmpdir() });
  if (result.list !== undefined) return print(result.list);
  if (result.written.conflicts) process.exitCode = EXIT.conflict;
  print(stanzaSummary(result, process.cwd(), 'makina-image base'));
}
