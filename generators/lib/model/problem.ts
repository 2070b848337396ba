/** One thing wrong with an answer: where (`programs.web.cmd`) and what. */
export interface Problem {
  path: string[];
  message: string;
}
