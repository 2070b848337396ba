import type { Flag } from '../lib/answers/flags.ts';
import type { Change } from '../lib/verbs/change.ts';
import type { Ask, AskStack } from '../lib/verbs/new.ts';

/** What was typed after a verb. */
export interface CommandLine {
  /** Every value of every flag, in order; a boolean's is true, or false for `--no-…`. */
  flags: Record<string, (string | boolean)[]>;
  words: string[];
}

/** Where a verb runs: on our own command line, or under Yeoman. */
export interface Host {
  /** The folder that relative paths start from. */
  readonly cwd: string;
  /** How this reader types `makina-image`. */
  readonly command: string;
  /** Asks a person; undefined if no one can be asked. */
  prompts(): Promise<Prompts | undefined>;
}

export interface Prompts {
  ask: Ask;
  askStack: AskStack;
  /** Shows what is to be written; returns whether to go on. */
  confirm: (planned: Change) => Promise<boolean>;
  /** Asks a question whose default is no. */
  insist: (question: string) => Promise<boolean>;
}

/** The files that a verb changed, by their path below a project. */
export interface Wrote {
  root: string;
  paths: string[];
}

type Run = (line: CommandLine, host: Host) => Promise<Wrote[]> | Promise<void> | void;

/** What a verb takes and does; its help, its completion and the reading of its flags are made from this. */
export interface Verb {
  /** The words after it, `[NAME]`. */
  words: string;
  /** The words that it takes, if they are a fixed list. */
  choices?: readonly string[];
  /** What its words name on the disk. */
  names?: 'file' | 'folder';
  /** Paragraphs for its help. */
  about: string;
  flags: readonly Flag[];
  /** Its flags come first: what follows them goes to another command as it is. */
  passesWords?: true;
  run: Run;
  /** Asks for missing answers, for a host that lets others write first; returns a function that does the rest. */
  ask?: (line: CommandLine, host: Host) => Promise<() => ReturnType<Run>>;
}

/** A verb of the command line. */
export interface Listed {
  name: string;
  /** What it does, in one line. */
  line: string;
  /** Its exit code 2 is an answer, not an error: something would change. */
  answers?: true;
  /** It is no generator of yo: it hands its terminal and its exit code on. */
  isForBinAlone?: true;
  load: () => Verb;
}

/** Flags that every verb takes. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  { flag: 'quiet', description: 'print only errors and requested output, such as --json or a diff' },
  { flag: 'verbose', description: 'explain why each file was left alone, and show stack traces for errors' },
  { flag: 'help', description: 'show this help; -h does the same' },
];
