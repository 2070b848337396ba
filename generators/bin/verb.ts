import type { Flag } from '../lib/answers/flags.ts';
import type { CommandLine } from './command-line.ts';

/** What a verb takes and does; its help, its completion and the reading of its flags are made from this. */
export interface Verb {
  /** What stands after it, `[NAME]`. */
  words: string;
  /** What its words may be, where that is one of a few. */
  choices?: readonly string[];
  /** What its words name on the disk. */
  names?: 'file' | 'folder';
  /** Paragraphs for its help. */
  about: string;
  flags: readonly Flag[];
  run: (line: CommandLine) => Promise<void> | void;
}

/** Flags that every verb takes. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  { flag: 'quiet', description: 'print nothing but errors and what was asked for, such as --json or a diff' },
  { flag: 'verbose', description: 'tell of every file that is left alone why, and of an error where it comes from' },
  { flag: 'help', description: 'this help; -h is the same' },
];
