/** One thing wrong with an answer: where (`programs.web.cmd`) and what. */
export interface Problem {
  path: string[];
  message: string;
  /** What to do about it, where no flag is the answer. */
  fix?: string;
}
