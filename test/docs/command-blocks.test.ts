import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tempDir } from '../support/run.ts';
import { asUser, readableCheckout, userDir } from '../support/user.ts';
import { agrees, blocksOf, commandsOf, groups } from './blocks.mjs';
import { prepareCommands, prepareProject, runGroup } from './run-blocks.mjs';

// Those with Docker are run by `npm run test:e2e -- --only docs`.
const withoutDocker = groups()
  .map((group) => group.filter(({ how }) => !how.includes('with Docker')))
  .filter((group) => group.flatMap(commandsOf).length > 0)
  .map((group) => ({ where: group[0]?.where, group }));

const work = mkdtempSync(join(tmpdir(), 'makina-image-commands-'));
const { checkout, remove } = readableCheckout();
let env: NodeJS.ProcessEnv;
let project: string;
beforeAll(async () => {
  env = prepareCommands(join(work, 'bin'));
  project = await prepareProject(join(work, 'prepared'), env);
});
afterAll(() => {
  remove();
  rmSync(work, { recursive: true });
});

describe('every command block of the docs does what it says', () => {
  // Three starts of yo take long on a busy machine.
  test.each(withoutDocker)('$where', { timeout: 120_000 }, async ({ group }) => {
    if (!group.some(({ how }) => how.includes('as an ordinary user')))
      return runGroup(group, { folder: tempDir(), project, env, timeout: 100_000 });
    const own = prepareCommands(join(userDir(), 'bin'), checkout);
    await runGroup(group, { folder: userDir(), project, env: own, wrap: asUser, timeout: 100_000 });
  });
});

describe('a command block', () => {
  const blocks = (comment: string, fence = 'sh') =>
    blocksOf('page.md', `Text\n\n${comment}\n\`\`\`${fence}\ntrue\n\`\`\`\n`);

  test('says where it is run, or why not', () => {
    expect(blocks('<!-- run in: a project, with Docker -->')).toMatchObject([
      { folder: 'a project', how: ['with Docker'] },
    ]);
    expect(blocks('<!-- not run: needs a registry -->')).toMatchObject([{ reason: 'needs a registry' }]);
  });
  test.each([
    ['', 'sh', 'page.md:4: say in a comment'],
    ['<!-- run in: the moon -->', 'sh', 'page.md:4: "run in" knows an empty folder;'],
    ['<!-- run in: a project, quickly -->', 'sh', 'page.md:4: "run in" knows'],
    ['<!-- run in: a project -->', 'bash', 'page.md:4: write sh or console for bash'],
    ['<!-- run in: a project -->', 'sh more', 'page.md:4: nothing may stand after sh'],
  ])('%j before %s is refused', (comment, fence, sentence) => expect(() => blocks(comment, fence)).toThrow(sentence));

  test('of a console holds its commands, and what each prints', () => {
    const text = '<!-- run in: a project -->\n```console\n$ one \\\n>   two\n1\n2\n$ three\n```\n';
    expect(blocksOf('page.md', text).flatMap(commandsOf)).toEqual([
      { script: 'one \\\n  two\n', printed: '1\n2\n' },
      { script: 'three\n', printed: '' },
    ]);
  });
  test.each([
    ['a\n...\nz\n', 'a\nb\nc\nz', true],
    ['a\n...\nz\n', 'a\nz', true],
    ['a\n...\n', 'a\nb', true],
    ['/home/me/demo: in sync\n', '/tmp/x/demo: in sync', true],
    ['a.c\n', 'abc', false],
    ['a\n', 'a\nb', false],
    ['a\n...\nz\n', 'a\nb', false],
  ])('that says %j agrees with %j: %s', (said, printed, agreed) =>
    expect(agrees(said, printed, '/tmp/x')).toBe(agreed));

  test.each([
    ['sh', 'false', 'exit code 1 of'],
    ['console', '$ echo a\nb', 'it printed\na'],
    ['console', '$ cd nowhere', 'nowhere'],
  ])('of %s that does %j is a failure', async (fence, text, sentence) => {
    const group = blocksOf('page.md', `<!-- run in: an empty folder -->\n\`\`\`${fence}\n${text}\n\`\`\`\n`);
    await expect(runGroup(group, { folder: userDir(), project, env })).rejects.toThrow(sentence);
  });
});
