import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Intent } from '../../generators/lib/model/intent.ts';
import { newProject } from '../../generators/lib/verbs/new.ts';
import { CASES, FOLDER, SEED, turnOver } from '../support/cases.ts';
import { contents, stamps, workTree } from '../support/snapshot.ts';

async function answer(root: string, flags: Intent): Promise<void> {
  await newProject({ cwd: root, destination: root, flags, answers: {}, conflict: 'abort' });
  await turnOver();
}

/** One thing more in the answers, and what takes it away again. */
interface Addition {
  added: Intent;
  removed: Intent;
}
const name = fc.stringMatching(/^[a-z]{1,8}$/);
const program = fc.tuple(name, fc.constantFrom('sleep 9', 'web --port 80', "say 'it'")).map(([name, cmd]) => ({
  added: { programs: { [name]: { cmd } } },
  removed: { programs: { [name]: null } },
}));
const vhost = fc.tuple(name, fc.integer({ min: 1024, max: 9999 })).map(([name, port]) => ({
  added: { vhosts: { [`${name}.example`]: { locations: { '/': { proxy_pass: `http://127.0.0.1:${port}` } } } } },
  removed: { vhosts: { [`${name}.example`]: null } },
}));
const publish = fc
  .integer({ min: 1024, max: 9999 })
  .map((publish) => ({ added: { publish }, removed: { publish: null } }));
const ci = fc.constantFrom('github', 'gitlab').map((kind) => ({ added: { ci: [kind] }, removed: { ci: null } }));
const additions: fc.Arbitrary<Addition[]> = fc.uniqueArray(fc.oneof(program, vhost, publish, ci), {
  minLength: 1,
  maxLength: 4,
  selector: ({ removed }) => JSON.stringify(removed),
});
/** The user's own line on top of some files, where no answer is. */
const edited = fc.subarray(['README.md', '.gitignore', 'project/Dockerfile', 'project/launch.sh', 'pillar/init.sls']);

async function inFolder(act: (outer: string) => Promise<void>): Promise<void> {
  const outer = mkdtempSync(join(FOLDER, 'makina-image-answers-'));
  try {
    await act(outer);
  } finally {
    rmSync(outer, { recursive: true, force: true });
  }
}

test('what is added to the answers and removed again leaves no trace, and no order matters', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(additions, edited, async (additions, edited) => {
      await inFolder(async (outer) => {
        const [root, other, mine] = ['root', 'other', 'mine'].map((name) => join(outer, name)) as [
          string,
          string,
          string,
        ];
        for (const project of [root, other, mine]) await answer(project, { name: 'demo' });
        const before = contents(root);
        for (const path of edited) writeFileSync(join(mine, path), `# mine\n${readFileSync(join(mine, path), 'utf8')}`);
        appendFileSync(join(mine, 'custom.sls'), '# mine\n');
        const own = contents(mine);

        for (const { added } of additions) await answer(root, added);
        for (const { added } of [...additions].reverse()) await answer(other, added);
        for (const { added } of additions) await answer(mine, added);
        expect(contents(other)).toEqual(contents(root));
        const withEdits = Object.entries(workTree(root)).map(([path, text]) => [
          path,
          edited.includes(path)
            ? text.replace(/^(..)/, '$1# mine\n')
            : path === 'custom.sls'
              ? `${text}# mine\n`
              : text,
        ]);
        expect(workTree(mine)).toEqual(Object.fromEntries(withEdits));
        const stamp = stamps(root);
        for (const { added } of additions) await answer(root, added);
        expect(stamps(root)).toEqual(stamp);

        for (const { removed } of additions) for (const project of [root, mine]) await answer(project, removed);
        expect(contents(root)).toEqual(before);
        expect(contents(mine)).toEqual(own);
      });
    }),
    { numRuns: Math.ceil(CASES / 4), seed: SEED, endOnFailure: process.env.SHRINK === undefined },
  );
});
