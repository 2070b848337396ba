import Generator, { type BaseOptions } from 'yeoman-generator';
import { sentence } from '../bin/errors.ts';
import { printTo } from '../bin/print.ts';
import type { CommandLine, Host, Verb, Wrote } from '../bin/verb.ts';
import { verbNamed } from '../bin/verbs.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { hostOf, outputOf, terminalOf } from './adapter.ts';
import { refreshCopies } from './copies.ts';
import { lineOf } from './options.ts';

const NO_STORAGE = {
  get: () => undefined,
  getPath: () => undefined,
  set: () => undefined,
  setPath: () => undefined,
  createStorage: () => NO_STORAGE,
};

/** What the generators share. Yeoman does not run its public methods, only those of the class directly below it. */
class Front extends Generator {
  /** Yeoman would read package.json for it, and then print in each run that nothing is installed. */
  override determineAppname(): string {
    return '';
  }

  /** Our own code reads `.yo-rc.json`: Yeoman would open whatever is there, even a FIFO, before a verb can refuse it. */
  override _getStorage(): never {
    return NO_STORAGE as never;
  }
}

/**
 * The generator of a verb: `yo makina-image:VERB [words] [flags]`.
 *
 * Our own policy writes our files, after Yeoman has written those of the generators that are composed with this one:
 * it sees theirs, and nothing of Yeoman's is switched off.
 */
export function verbGenerator(name: string, verb: Verb) {
  return class VerbGenerator extends Front {
    readonly #raw: Readonly<Record<string, unknown>>;
    readonly #words: readonly unknown[];
    /** Whether it was started by itself, by `yo` for example, so that no other generator chose its options. */
    readonly #isRoot: boolean;
    #line: CommandLine = { flags: {}, words: [] };
    #code = 0;
    #host!: Host;
    #write: () => ReturnType<Verb['run']> = () => verb.run(this.#line, this.#host);

    constructor(args: string | string[], options: BaseOptions) {
      // Yeoman's parser would join lists and guess at values.
      super(args as string[], options, { skipParseOptions: true });
      this.#raw = { ...options };
      this.#words = [args ?? []].flat();
      this.#isRoot = this.env.rootGenerator?.() === undefined;
      for (const word of verb.words.split(' ').filter((word) => !word.startsWith('--')))
        this.argument(word.replace(/[[\].]/g, ''), { type: String, required: !word.startsWith('[') });
      for (const { flag, description, value } of verb.flags)
        this.option(flag, { type: value === undefined ? Boolean : String, description });
    }

    /** Refuses what it does not understand before any generator writes. */
    initializing(): Promise<void> {
      return this.#guarded(async () => {
        this.#line = lineOf(name, verb, this.#words, this.#raw, this.#isRoot ? process.argv.slice(2) : []);
        this.#host = hostOf(this);
      });
    }

    prompting(): Promise<void> {
      return this.#guarded(async () => {
        if (verb.ask) this.#write = await verb.ask(this.#line, this.#host);
      });
    }

    /** The first of Yeoman's phases in which the files of all generators are on the disk. */
    async install(): Promise<void> {
      try {
        await this.#guarded(async () => refreshCopies(this.env.sharedFs, await this.#run()));
        this.#end();
      } catch (error) {
        // Others may have steps of their own in this phase.
        this.queueTask({
          queueName: 'end',
          taskName: 'install',
          method: () => {
            throw error;
          },
        });
      }
    }

    /** A verb sets process.exitCode, which belongs to the program that runs Yeoman. */
    async #run(): Promise<readonly Wrote[]> {
      const before = process.exitCode;
      process.exitCode = undefined;
      try {
        return (await this.#write()) || [];
      } finally {
        this.#code = Number(process.exitCode ?? 0);
        process.exitCode = before;
      }
    }

    /** Reports the exit code of the verb: to the shell, or to a host that is not a terminal. */
    #end(): void {
      if (this.#code === 0) return;
      if (!terminalOf(this.env.adapter))
        throw new UserError(`makina-image ${name} ended with ${this.#code}`, this.#code);
      process.exitCode ||= this.#code;
    }

    async #guarded(work: () => Promise<void>): Promise<void> {
      printTo(outputOf(this));
      try {
        await work();
      } catch (error) {
        const code = error instanceof UserError && !verbNamed(name)?.answers ? error.code : EXIT.internal;
        throw Object.assign(new UserError(sentence(error), code), { cause: error });
      } finally {
        printTo();
      }
    }
  };
}
