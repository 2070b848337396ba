import { conflictMode } from '../conflict-mode.ts';
import { WRITING } from '../flags.ts';
import { isOn, single } from '../lib/answers/flags.ts';
import { stanzaSummary } from '../lib/output/summary.ts';
import { flagsOf, KINDS, type Kind } from '../lib/verbs/stanza/kinds.ts';
import { stanza } from '../lib/verbs/stanza/stanza.ts';
import { print } from './print.ts';
import { printChange } from './result.ts';
import type { CommandLine, Host, Verb, Wrote } from './verb.ts';

/** `makina-image circus-program NAME [flags]`, and the other kinds of entries */
export function stanzaVerb(verb: keyof typeof KINDS): Verb {
  const kind: Kind = KINDS[verb];
  return {
    words: kind.words,
    about: `${kind.does}, in the project of this folder. Changes only what you give.`,
    flags: [...flagsOf(kind), ...WRITING],
    run: (line, host) => run(kind, line, host),
  };
}

async function run(kind: Kind, { flags, words }: CommandLine, host: Host): Promise<Wrote[]> {
  const result = stanza(kind, {
    cwd: host.cwd,
    words,
    flags,
    conflict: conflictMode(single(flags, 'conflict')),
    allowDirty: isOn(flags, 'allow-dirty'),
  });
  if (result.list !== undefined) {
    print(result.list);
    return [];
  }
  return printChange(flags, host, result.change, (reader) => stanzaSummary(result, reader));
}
