import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { NEWER, otherVersion } from '../support/newer.ts';
import { change, clash, git, project, run, text, work } from '../support/projects.ts';
import { type Published, packed, registry } from '../support/registry.ts';
import { BIN, tempDir } from '../support/run.ts';

type Kind = 'github' | 'gitlab';
const FILES = { github: '.github/workflows/makina-image.yml', gitlab: '.gitlab/makina-image.yml' };
const GH = `#!/bin/sh
echo "gh $*" >> "$GH_LOG"
case "$2" in
  view) cat "$GH_STATE" 2> /dev/null ;;
  create) echo OPEN > "$GH_STATE"; cat > "$GH_BODY" ;;
  edit) cat > "$GH_BODY" ;;
esac
`;
/** `npm pack`, which takes longer than all else; one test asks the real one and its registry. */
const NPM = `#!/bin/sh
[ "$1 $2" = 'pack --ignore-scripts' ] || exit 1
while [ "$1" != --pack-destination ]; do shift; done
cp "$PUBLISHED" "$2/acme-generator.tgz"
`;
/** GitHub takes no change of a workflow from the token of a workflow. */
const NO_WORKFLOWS = `#!/bin/sh
while read -r old new ref; do
  case $old in 0000*) old=main ;; esac
  git diff --name-only "$old" "$new" | grep -q '^\\.github/workflows/' && exit 1
done
exit 0
`;
const CHANGELOG = `# Changelog

## 9.0.0

- News of nine @everybody fixes #1
/merge

## 8.0.0

- News of eight

## Unreleased (7.0.0)

- News of seven

## 0.2.0

- Old news
`;

/** Another version of this generator, packed. */
function version(name: string, changes = NEWER, change?: (folder: string) => void) {
  const folder = join(work, `v${name}`);
  if (!existsSync(folder)) otherVersion(folder, name, changes);
  return packed(folder, name, tempDir(), change);
}
const withChangelog = (text: string) => (folder: string) => writeFileSync(join(folder, 'CHANGELOG.md'), text);
beforeAll(() => {
  otherVersion(join(work, 'v9.0.0'), '9.0.0', NEWER);
});

/** What a job runs, as its platform reads it from the file. */
function stepsOf(kind: Kind, file: string): { prepare: string; propose: string } {
  const { jobs, ...rest } = parse(readFileSync(file, 'utf8'));
  if (kind === 'gitlab') {
    const [, prepare, propose] = Object.values(rest) as { script: string[] }[];
    return { prepare: (prepare?.script ?? []).join('\n'), propose: (propose?.script ?? []).join('\n') };
  }
  const runOf = (steps: { run?: string }[]) => steps.flatMap(({ run }) => run ?? []).join('\n');
  return { prepare: runOf(jobs.prepare.steps), propose: runOf(jobs.upgrade.steps) };
}

/** A repository with a project in it, its origin, a registry and the platform around them. */
async function world(
  kind: Kind,
  { folder = '.', source = '@acme/generator', spoil = async (_root: string) => {}, isRealNpm = false } = {},
) {
  const parent = tempDir();
  const top = join(parent, 'source');
  const root = join(top, folder);
  mkdirSync(top, { recursive: true });
  await git(top, 'init', '--quiet');
  cpSync(project('made', parent), root, { recursive: true });
  const npm = await registry();
  writeFileSync(join(root, '.npmrc'), `@acme:registry=${npm.address}\n`);
  const made = await run(BIN, root, ['ci', kind, ...(source ? ['--ci-source', source] : [])]);
  expect([made.code, made.stderr]).toEqual([0, '']);
  await spoil(root);
  await git(top, 'add', '--all');
  await git(top, 'commit', '--quiet', '--message', 'all');
  const origin = join(parent, 'origin.git');
  await git(parent, 'clone', '--quiet', '--bare', top, origin);
  await git(origin, 'config', 'receive.advertisePushOptions', 'true');
  writeFileSync(join(origin, 'hooks/post-receive'), "#!/bin/sh\nenv | grep '^GIT_PUSH_OPTION_' > push-options\n", {
    mode: 0o755,
  });
  const bin = join(parent, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'gh'), GH, { mode: 0o755 });
  if (!isRealNpm) writeFileSync(join(bin, 'npm'), NPM, { mode: 0o755 });
  const branch = folder === '.' ? 'makina-image-upgrade' : `makina-image-upgrade-${folder.replaceAll('/', '--')}`;
  const said = (name: string) => (existsSync(join(parent, name)) ? text(parent, name) : '');
  let runs = 0;

  /** One job in a checkout of its own. */
  async function job(script: string, env: Record<string, string>, given?: string) {
    runs += 1;
    const clone = join(parent, `run${runs}`);
    await git(parent, 'clone', '--quiet', '--depth=1', `file://${origin}`, clone);
    // GitLab's runner makes it with a umask of 0.
    if (kind === 'gitlab') await execa('chmod', ['-R', 'a+w', clone]);
    if (given) cpSync(given, join(clone, 'makina-image-request'), { recursive: true });
    const values = {
      CI: 'true',
      GH_LOG: join(parent, 'gh'),
      GH_STATE: join(parent, 'state'),
      GH_BODY: join(parent, 'body'),
      PUBLISHED: join(parent, 'published.tgz'),
      XDG_CACHE_HOME: join(work, 'cache'),
    };
    const { exitCode, all } = await execa('bash', ['-e', '-c', script], {
      cwd: clone,
      all: true,
      reject: false,
      stdin: 'ignore',
      env: { ...values, ...env, PATH: `${bin}:${process.env.PATH}`, HOME: parent },
    });
    return { code: exitCode, all: String(all), request: join(clone, 'makina-image-request') };
  }
  return {
    parent,
    origin,
    branch,
    publish: (version: Published) => {
      writeFileSync(join(parent, 'published.tgz'), version.tarball);
      npm.publish(version);
    },
    steps: stepsOf(kind, join(root, FILES[kind])),
    job,
    gh: () => said('gh'),
    body: () => (kind === 'github' ? said('body') : text(origin, 'push-options')),
    setState: (state: string) => writeFileSync(join(parent, 'state'), `${state}\n`),
    show: (path: string) => git(origin, 'show', `${branch}:${folder === '.' ? '' : `${folder}/`}${path}`),
    log: (ref = branch) => git(origin, 'log', '--format=%s', `main..${ref}`),
    exists: async () => (await git(origin, 'branch', '--list', branch)) !== '',
    /** A commit on a branch of origin by someone. */
    person: async (ref: string, path: string, content: string) => {
      runs += 1;
      const clone = join(parent, `person${runs}`);
      await git(parent, 'clone', '--quiet', '--branch', ref, origin, clone);
      writeFileSync(join(clone, path), content);
      await git(clone, 'commit', '--quiet', '--all', '--message', 'By a person');
      await git(clone, 'push', '--quiet', 'origin', ref);
    },
    /** Both jobs. @param between changes what the first one handed over */
    monday: async (between?: (request: string) => void) => {
      const steps = stepsOf(kind, join(root, FILES[kind]));
      const first = await job(steps.prepare, {});
      if (first.code !== 0) return { ...first, first };
      between?.(first.request);
      const second = await job(steps.propose, { GH_TOKEN: 'none', MAKINA_IMAGE_TOKEN: 'none' }, first.request);
      return { ...second, first };
    },
  };
}

describe.each(['github', 'gitlab'] as const)('%s', (kind) => {
  test('a conflict: a draft with what the upgrade says, which is left to whoever commits on it', async () => {
    const app = 'project/.salt/runtime/files/app.json';
    const spoil = async (root: string) => {
      clash(root);
      await run(BIN, root, ['new', '--runtime', 'vendored']);
      change(root, app, (text) => `${text}# mine\n`);
      change(root, '.yo-rc.json', (text) => text.replace(/,\s*"runtime": "vendored"/, ''));
    };
    const w = await world(kind, { spoil });
    w.publish(version('9.0.0'));
    expect((await w.monday()).code).toBe(0);
    expect(await w.show('project/launch.sh')).toContain('<<<<<<< yours');
    expect(kind === 'github' ? w.gh() : w.body()).toMatch(kind === 'github' ? /pr create .*--draft/ : /title=Draft: /);
    expect(w.body()).toContain('<br>    edit it, then makina-image resolve ./project/launch.sh --merged ');
    expect(w.body()).toContain(`<br>  You changed ${app}, a file of the runtime, which the base image brings now.<br>`);
    expect(w.body()).toContain('then run&#58; makina-image new ./ --runtime base</pre>');
    await w.person(w.branch, 'project/launch.sh', '#!/bin/sh\n# settled\n');
    await w.person('main', 'README.md', 'Another README\n');
    const { code, all } = await w.monday();
    expect([code, all]).toEqual([0, expect.stringContaining('is left as it is: someone else has committed to it')]);
    expect(await w.show('project/launch.sh')).not.toContain('<<<<<<<');
    expect(await w.log()).toContain('By a person');
  });

  test('what CI itself runs is left to a person, and the rest arrives', async () => {
    const w = await world(kind);
    writeFileSync(join(w.origin, 'hooks/pre-receive'), NO_WORKFLOWS, { mode: 0o755 });
    const file = FILES[kind];
    const newest = kind === 'github' ? '9.1.0' : '9.2.0';
    const changes = { ...NEWER, [`project/${file}`]: (text: string) => `${text}# of ${newest}\n` };
    // Too long for git to push as it is.
    const news = `# Changelog\n\n## ${newest}\n\n${`- ${'漢'.repeat(60)}\n`.repeat(1000)}`;
    w.publish(version(newest, changes, withChangelog(news)));
    const { code, all, first } = await w.monday();
    expect([code, all]).toEqual([0, expect.stringContaining('has the upgrade')]);
    expect(await w.show('README.md')).toContain('News of 9.0.0');
    expect(await w.show(file)).not.toContain(`# of ${newest}`);
    expect(w.body()).toContain(`&#35; of ${newest}`);
    expect(w.body()).toContain('漢<br>(cut off here)');
    // Once it is merged, check reports what is left, which is the patch of the request.
    await git(w.origin, 'update-ref', 'refs/heads/main', w.branch);
    const clone = join(w.parent, 'merged');
    await git(w.parent, 'clone', '--quiet', w.origin, clone);
    const bin = join(work, `v${newest}/dist/makina-image.cjs`);
    const { code: waits, stdout } = await run(bin, clone, ['check']);
    expect([waits, stdout]).toEqual([2, expect.stringContaining(`update ${file}`)]);
    expect(stdout.match(/^ {2}/gm)).toHaveLength(1);
    await git(clone, 'apply', join(first.request, 'by-hand.patch'));
    expect((await run(bin, clone, ['check'])).code).toBe(0);
    expect((await w.monday()).all).toContain('in sync');
  });
});

test('in sync: the pin is proposed once, and a version that is something else later is refused', async () => {
  const w = await world('gitlab');
  const version = JSON.parse(readFileSync('package.json', 'utf8')).version;
  w.publish(packed(process.cwd(), version, tempDir()));
  expect([(await w.monday()).code, await w.log()]).toEqual([0, expect.stringContaining('Upgrade demo')]);
  const pin = JSON.parse(await w.show('.makina-image/generator.json'));
  expect(pin).toEqual({ source: '@acme/generator', version, integrity: expect.stringMatching(/^sha512-.{86}==$/) });
  await git(w.origin, 'update-ref', 'refs/heads/main', w.branch);
  const { code, all } = await w.monday();
  expect([code, all]).toEqual([0, expect.stringContaining('in sync')]);
  const evil = (folder: string) => appendFileSync(join(folder, 'templates/project/README.md.ejs'), 'evil\n');
  w.publish(packed(process.cwd(), version, tempDir(), evil));
  const refused = await w.monday();
  expect([refused.code, refused.all]).toEqual([
    1,
    expect.stringMatching(/of @acme\/generator is not what it was: .*sha512-/),
  ]);
});

test('news: one request that renews itself, and comes back once it is closed only with something new', async () => {
  const w = await world('github', { folder: 'services/shop', isRealNpm: true });
  w.publish(version('9.0.0', NEWER, withChangelog(CHANGELOG)));
  expect((await w.monday()).all).toContain('has the upgrade');
  expect(await w.show('README.md')).toContain('News of 9.0.0');
  expect(await w.show('.makina-image/manifest.json')).toContain('"9.0.0"');
  expect(JSON.parse(await w.show('.makina-image/generator.json')).version).toBe('9.0.0');
  expect(existsSync('/tmp/never')).toBe(false);
  const body = w.body();
  expect(body).toContain('News of nine &#64;everybody fixes &#35;1<br>');
  expect(body).toContain('News of eight');
  expect(body).toContain('News of seven');
  expect(body).not.toContain('Old news');
  const tip = await git(w.origin, 'rev-parse', w.branch);
  expect((await w.monday()).all).toContain('has the same upgrade already');
  expect(await git(w.origin, 'rev-parse', w.branch)).toBe(tip);
  w.setState('CLOSED');
  await w.monday();
  expect(w.gh().match(/pr create/g)).toHaveLength(1);
  w.publish(version('9.0.1', { ...NEWER, 'project/README.md': (text: string) => `${text}\nNews of 9.0.1\n` }));
  await w.monday();
  expect(w.gh().match(/pr create/g)).toHaveLength(2);
});

test('a person who pushes while the job is at work keeps the branch', async () => {
  const w = await world('github');
  w.publish(version('9.0.0'));
  await w.monday();
  await w.person('main', 'README.md', 'Another README\n');
  // The job has seen the branch, and a person pushes before the job does.
  const real = (await execa('which', ['git'])).stdout;
  const script = `#!/bin/sh
case " $* " in *" push "*) [ -e "${w.parent}/raced" ] || { touch "${w.parent}/raced"
PATH=/usr/bin:/bin; export PATH
${real} --git-dir "${w.origin}" update-ref refs/heads/${w.branch} "$(${real} --git-dir "${w.origin}" -c user.name=p -c user.email=p@p.invalid commit-tree -p ${w.branch} -m 'By a person' '${w.branch}^{tree}')"; } ;; esac
exec ${real} "$@"
`;
  writeFileSync(join(w.parent, 'bin/git'), script, { mode: 0o755 });
  const { code, all } = await w.monday();
  expect([code, all]).toEqual([0, expect.stringContaining('someone has just changed it')]);
  expect(await w.log()).toContain('By a person');
});

test('without a source, or with the token in its reach, the first job ends with one sentence', async () => {
  const w = await world('gitlab', { source: '' });
  const { code, all } = await w.monday();
  expect([code, all]).toEqual([
    1,
    expect.stringMatching(
      /^makina-image: no answer says where CI takes the generator from; run `makina-image ci gitlab --ci-source SOURCE`.*$/,
    ),
  ]);
  const other = await world('gitlab');
  other.publish(version('9.0.0'));
  const told = await other.job(other.steps.prepare, { MAKINA_IMAGE_TOKEN: 'x' });
  expect([told.code, told.all]).toEqual([
    1,
    expect.stringMatching(/^makina-image: MAKINA_IMAGE_TOKEN reaches the job.*$/),
  ]);
});

test('a file of the same name arrives beside it, but one that CI runs', async () => {
  const spoil = async (root: string) => {
    for (const path of ['.editorconfig', FILES.github]) {
      appendFileSync(join(root, path), '# mine\n');
      change(root, '.makina-image/manifest.json', (text) => {
        const { files, ...rest } = JSON.parse(text);
        delete files[path];
        return `${JSON.stringify({ ...rest, files }, null, 2)}\n`;
      });
    }
  };
  const w = await world('github', { spoil });
  w.publish(version('9.0.0'));
  expect((await w.monday()).code).toBe(0);
  expect(await w.show('.editorconfig.makina-image-new')).not.toContain('# mine');
  await expect(w.show(`${FILES.github}.makina-image-new`)).rejects.toThrow();
  const { files, conflicts } = JSON.parse(await w.show('.makina-image/manifest.json'));
  expect([Object.keys(conflicts), files[FILES.github]]).toEqual([['.editorconfig'], undefined]);
  expect(w.body()).toContain('makina-image.yml.makina-image-new');
});

test('a git source is taken from its branch, as it is', async () => {
  const w = await world('github', { source: 'git+https://git.invalid/acme/generator.git#release' });
  const folder = join(w.parent, 'generator');
  for (const name of ['dist', 'templates', 'package.json'])
    cpSync(join(work, 'v9.0.0', name), join(folder, name), { recursive: true });
  await git(folder, 'init', '--quiet');
  await git(folder, 'add', '--all', '--force');
  await git(folder, 'commit', '--quiet', '--message', 'Release');
  await git(folder, 'branch', 'release');
  writeFileSync(
    join(w.parent, '.gitconfig'),
    `[url "file://${folder}"]\n\tinsteadOf = https://git.invalid/acme/generator.git\n`,
  );
  expect((await w.monday()).code).toBe(0);
  const tip = await git(folder, 'rev-parse', 'release');
  expect(JSON.parse(await w.show('.makina-image/generator.json')).integrity).toBe(`git-${tip}`);
  expect(await w.show('README.md')).toContain('News of 9.0.0');
});

/** A patch that changes something else than what it was made for. */
const instead = (patch: string) => (request: string) => writeFileSync(join(request, 'upgrade.patch'), patch);
const added = (path: string, mode = '100644', text = 'foo') =>
  `diff --git a/${path} b/${path}\nnew file mode ${mode}\nindex 0000000..${'1'.repeat(40)}\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+${text}\n`;
const HOSTILE: Record<string, (request: string) => void> = {
  'a workflow': instead(added('.github/workflows/evil.yml')),
  'the file of GitLab': instead(added('.gitlab-ci.yml')),
  'a file of another CI': instead(added('Jenkinsfile')),
  'a file of git': instead(added('.git/hooks/pre-push', '100755')),
  'a file above': instead(added('../outside')),
  'a journal of the engine': instead(added('.makina-image/tx/journal.json')),
  'a lock of the engine': instead(added('.makina-image/lock/x')),
  'a link': instead(added('project/link', '120000')),
  'a submodule': instead(added('project/sub', '160000', `Subproject commit ${'1'.repeat(40)}`)),
  'a link in the place of a text': (request) => {
    instead(added('project/new'))(request);
    rmSync(join(request, 'changelog.txt'));
    symlinkSync('/etc/passwd', join(request, 'changelog.txt'));
  },
  'a link in the place of what was told': (request) => {
    instead(added('project/new'))(request);
    rmSync(join(request, 'report.txt'));
    symlinkSync('/etc/passwd', join(request, 'report.txt'));
  },
  'what is no patch': instead('nonsense\n'),
  'a text for a version': (request) =>
    writeFileSync(
      join(request, 'request.json'),
      JSON.stringify({ version: '1.0.0\n::error::', from: 1, conflicts: 'x' }),
    ),
  'no object': (request) => writeFileSync(join(request, 'request.json'), 'null'),
};

test('the second job refuses what the first one must not hand over', async () => {
  const w = await world('github');
  for (const [what, spoil] of Object.entries(HOSTILE)) {
    const request = tempDir();
    writeFileSync(join(request, 'request.json'), '{"version":"9.0.0","from":null,"conflicts":false}');
    for (const name of ['upgrade.patch', 'by-hand.patch', 'changelog.txt', 'report.txt'])
      writeFileSync(join(request, name), '');
    spoil(request);
    const { code, all } = await w.job(w.steps.propose, { GH_TOKEN: 'none' }, request);
    expect([what, code, all]).toEqual([what, 1, expect.stringMatching(/^makina-image: [^\n]*(\n[^\n]*)?$/)]);
    expect([what, await w.exists()]).toEqual([what, false]);
  }
});
