import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clash, git, newer, project, repository, run } from '../support/projects.ts';
import { tempDir } from '../support/run.ts';

const CASES = Number(process.env.HOSTILE_CASES ?? 3);

/** What a configuration of git can name to be run, each with what makes git run it. */
const SETTINGS: Record<string, (command: string) => string> = {
  monitor: (run) => `[core]\nfsmonitor = "${run}; false"\n`,
  hooks: () => '[core]\nhooksPath = hooks\n',
  filter: (run) => `[filter "x"]\nclean = "${run}; cat"\nsmudge = "${run}; cat"\nrequired = true\n`,
  process: (run) => `[filter "x"]\nprocess = "${run}"\n`,
  ssh: (run) =>
    `[core]\nsshCommand = "${run}"\ngitProxy = "${run}"\nalternateRefsCommand = "${run}"\naskPass = "${run}"\n`,
  editors: (run) =>
    `[core]\npager = "${run}"\neditor = "${run}"\n[pager]\nls-tree = "${run}"\ncheck-ignore = "${run}"\n`,
  aliases: (run) =>
    `[alias]\nls-tree = "!${run}"\nrev-parse = "!${run}"\ncheck-ignore = "!${run}"\nstatus = "!${run}"\n`,
  diff: (run) =>
    `[diff]\nexternal = "${run}"\n[diff "x"]\ntextconv = "${run}"\ncommand = "${run}"\n[merge "x"]\ndriver = "${run}"\n`,
  partial: (run) =>
    `[remote "origin"]\nurl = ext::sh -c ${run.replaceAll(' ', '% ')}\npromisor = true\nuploadpack = "${run}"\n[extensions]\npartialClone = origin\n[protocol]\nallow = always\n[protocol "ext"]\nallow = always\n`,
  helpers: (run) =>
    `[credential]\nhelper = "!${run}"\n[gpg]\nprogram = "${run}"\n[interactive]\ndiffFilter = "${run}"\n[uploadpack]\npackObjectsHook = "${run}"\n`,
  trusting: () => '[safe]\ndirectory = *\nbareRepository = all\n',
  elsewhere: () => '[core]\nworktree = ..\n',
};
const ATTRIBUTES = '* filter=x diff=x merge=x\n';

/** A folder that git takes for a repository, with this configuration; `run` in its hooks as well. */
function hostile(folder: string, config: string, run: string): void {
  for (const name of ['refs', 'objects', 'hooks', 'info']) mkdirSync(join(folder, name), { recursive: true });
  if (!existsSync(join(folder, 'HEAD'))) writeFileSync(join(folder, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(folder, 'config'), `[core]\nrepositoryformatversion = 1\nbare = false\n${config}`);
  writeFileSync(join(folder, 'info/attributes'), ATTRIBUTES);
  for (const hook of [
    'post-index-change',
    'reference-transaction',
    'pre-auto-gc',
    'post-checkout',
    'fsmonitor-watchman',
  ]) {
    writeFileSync(join(folder, 'hooks', hook), `#!/bin/sh\n${run}\n`);
    chmodSync(join(folder, 'hooks', hook), 0o755);
  }
}

const VERBS = [
  ['check'],
  ['diff'],
  ['doctor'],
  ['new', '--publish', '9000'],
  ['circus-program', 'w', '--cmd', 'sleep 9'],
  ['resolve', 'README.md', '--merged'],
  ['adopt', 'README.md'],
  ['restore', 'compose.yaml'],
  ['ci', 'github'],
  ['upgrade', '--conflict=markers'],
];

/** Those that a door with one bolt less runs. */
const EXAMPLES = [
  { settings: ['partial'], place: '.git', isLed: false, lacks: true },
  { settings: ['monitor', 'filter'], place: 'project', isLed: false, lacks: false },
].map((example) => [example] as [typeof example]);

describe('nothing that a repository names is run', () => {
  const places = ['.git', '.', 'project', 'project/.salt', 'pillar', '.makina-image'] as const;
  const drawn = fc.record({
    settings: fc.uniqueArray(fc.constantFrom(...Object.keys(SETTINGS)), { minLength: 1 }),
    place: fc.constantFrom<string>(...places),
    /** `.git` is a file that leads there. */
    isLed: fc.boolean(),
    lacks: fc.boolean(),
  });
  const users = [
    ['whoever runs it', {}],
    ...(process.getuid?.() === 0
      ? [['root in the project of another user', { SUDO_UID: '1000', SUDO_GID: '1000' }]]
      : []),
  ] as [string, Record<string, string>][];

  test.each(users)('by %s', { timeout: 600_000 }, async (_, env) => {
    await fc.assert(
      fc.asyncProperty(drawn, async ({ settings, place, isLed, lacks }) => {
        const top = tempDir();
        const ran = join(top, 'ran');
        mkdirSync(ran, { mode: 0o777 });
        chmodSync(ran, 0o777);
        chmodSync(top, 0o777);
        const command = `touch ${ran}/$$`;
        const root = await repository(project('demo', top));
        clash(root);
        writeFileSync(join(root, '.gitattributes'), ATTRIBUTES);
        const config = settings.map((name) => SETTINGS[name]?.(command)).join('');
        hostile(join(root, place), config, command);
        if (place !== '.git') hostile(join(root, '.git'), '', 'true');
        if (place !== '.git' && isLed) {
          rmSync(join(root, '.git'), { recursive: true });
          writeFileSync(join(root, '.git'), `gitdir: ${place}\n`);
        }
        // What is fetched from the remote that the configuration names.
        if (lacks) rmSync(join(root, place, 'objects'), { recursive: true, force: true });
        mkdirSync(join(root, place, 'objects'), { recursive: true });
        if (env.SUDO_UID) execaSync('chown', ['-R', '1000:1000', root]);
        for (const words of VERBS) {
          await run(newer, root, words, { env: { CI: '', ...env } });
          expect(readdirSync(ran), `${words[0]} with ${settings} in ${place}`).toEqual([]);
        }
      }),
      { numRuns: CASES, examples: EXAMPLES },
    );
  });

  test('the same commands run there by git itself', async () => {
    const top = tempDir();
    const root = await repository(project('demo', top));
    hostile(join(root, '.git'), SETTINGS.monitor?.(`touch ${top}/ran`) ?? '', 'true');
    await git(root, 'status');
    expect(readdirSync(top)).toContain('ran');
  });
});

describe('what git has is asked of the repository that holds the project', () => {
  test.each([
    'GIT_DIR',
    'GIT_INDEX_FILE',
    'GIT_WORK_TREE',
    'GIT_OBJECT_DIRECTORY',
    'GIT_CONFIG_GLOBAL',
    'GIT_CEILING_DIRECTORIES',
  ])('whatever %s says', async (name) => {
    const root = await repository();
    const other = join(tempDir(), 'other');
    cpSync(root, other, { recursive: true });
    clash(root);
    const env = { CI: '', GIT_DIR: join(other, '.git'), GIT_WORK_TREE: other, [name]: join(other, '.git') };
    expect((await run(newer, root, ['upgrade', '--conflict=markers'], { env })).stderr).toContain(
      'git does not have your edits',
    );
    await git(root, 'commit', '--quiet', '--all', '--message', 'mine');
    clash(other);
    expect((await run(newer, root, ['upgrade', '--conflict=markers'], { env })).code).toBe(3);
  });

  test('through a link to the project', async () => {
    const top = tempDir();
    const root = await repository(project('demo', top));
    clash(root);
    const link = join(tempDir(), 'link');
    execaSync('ln', ['-s', root, link]);
    expect((await run(newer, link, ['upgrade', link, '--conflict=markers'])).stderr).toContain(
      'git does not have your edits',
    );
  });

  test('line ends that git changes are not an edit', async () => {
    const root = project();
    clash(root);
    writeFileSync(join(root, '.gitattributes'), '* text\n');
    await repository(root);
    execaSync('sed', ['-i', 's/$/\\r/', join(root, 'project/launch.sh')]);
    expect((await run(newer, root, ['upgrade', '--conflict=markers'])).code).toBe(3);
  });

  test.each([
    ['circus-program', 'w', '--cmd', 'sleep 9'],
    ['nginx-vhost', 'a.invalid', '--root', '/srv'],
    ['new', '--publish', '9000'],
    ['ci', 'github'],
  ])('%s merges into no edit that git does not have', async (...words) => {
    const root = await repository();
    clash(root);
    const refused = await run(newer, root, [...words, '--conflict=markers']);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('git does not have your edits of project/launch.sh'),
    ]);
    expect((await run(newer, root, [...words, '--conflict=markers', '--allow-dirty'])).code).toBe(3);
  });
});
