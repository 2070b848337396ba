import Generator, { type BaseOptions } from 'yeoman-generator';
import { conflictMode } from '../conflict-mode.ts';
import { WRITING } from '../flags.ts';
import { shown } from '../lib/shown.ts';
import { flagsOf, type Kind } from '../lib/stanza/kinds.ts';
import { stanza } from '../lib/stanza/stanza.ts';
import { stanzaSummary } from '../lib/summary.ts';
import { declare, FEATURES, flagValues, tellChange } from './front.ts';

/** The generator of a verb that changes one entry of the model: `yo makina-image:circus-program NAME [flags]`. */
export function stanzaGenerator(kind: Kind) {
  const flags = [...flagsOf(kind), ...WRITING];
  return class Stanza extends Generator {
    readonly #raw: Record<string, unknown>;

    constructor(args: string[], options: BaseOptions) {
      super(args, options, FEATURES);
      this.#raw = { ...options };
      for (const word of kind.words.split(' '))
        this.argument(word.replace(/[[\]]/g, ''), { type: String, required: false });
      declare(this, flags);
    }

    writing(): void {
      const {
        conflict,
        'allow-dirty': allowDirty,
        ...values
      } = flagValues(this.#raw, flags, `makina-image ${kind.verb}`);
      const result = stanza(kind, {
        cwd: process.cwd(),
        words: this.args.map(String),
        flags: Object.fromEntries(Object.entries(values).map(([flag, value]) => [flag, [value]])),
        conflict: conflictMode(this.#raw.force === true ? 'theirs' : (conflict as string | undefined)),
        allowDirty: allowDirty === true,
      });
      if (result.list !== undefined) {
        // Yeoman's own log goes to standard error.
        console.log(shown(result.list));
        return;
      }
      tellChange(this, values['dry-run'] === true, result.change, (reader) => stanzaSummary(result, reader));
    }
  };
}
