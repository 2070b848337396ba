import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long, however short they are: one that begins last keeps one core busy alone. */
const LONG = [
  'ci-jobs',
  'transaction',
  'command-blocks',
  'yo',
  'another-owner',
  'regenerate',
  'runtime-moves',
  'merge',
];

/** Begins with the files that take longest, and keeps those together that share a process. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      const index = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      if (index !== -1) return index;
      return project.config.isolate ? LONG.length : LONG.length + 1;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
