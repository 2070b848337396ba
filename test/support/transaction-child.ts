// Runs commits or a recovery in a process of its own, which may get a signal at one call of node:fs.
import { commit, recover } from '../../generators/lib/apply/transaction.ts';
import { withFaults } from './faults.ts';
import { file, planned, scenarios } from './transactions.ts';

const [verb, root, name, faults = '{}'] = process.argv.slice(2) as [string, string, keyof typeof scenarios, string];

/** Several of these at once on the same files: what each commit ended with, a line each. */
function race(): void {
  for (let round = 0; round < 40; round++) {
    const writes = ['a', 'b/c', 'b/d', 'e'].map((path) => file(path, `${name} ${round}`));
    try {
      commit(root, planned(root, writes));
      console.log('done');
    } catch (error) {
      console.log((error as Error).message);
    }
  }
}

const { thrown } = withFaults(JSON.parse(faults), () => {
  if (verb === 'race') race();
  else if (verb === 'recover') recover(root);
  else commit(root, scenarios[name].transaction);
});
if (thrown) {
  process.stderr.write((thrown as Error).message);
  process.exitCode = 1;
}
