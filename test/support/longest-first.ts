import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long, however short they are: one that begins last keeps one core busy alone. */
const LONG = ['yo', 'ci-jobs', 'command-blocks', 'transaction', 'another-owner', 'mounts'];

/** Begins with the files that take longest. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return index === -1 ? LONG.length : index;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
