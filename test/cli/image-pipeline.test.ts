import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { version } from '../../generators/lib/package.ts';
import { git, project, run, text } from '../support/projects.ts';
import { BIN, tempDir } from '../support/run.ts';

/** An engine that builds nothing and says what it was asked; `npm run test:e2e -- --only pipeline` has a real one. */
const DOCKER = `#!/bin/sh
echo "$*" >> "$LOG"
case "$1" in
  login) cat >> "$LOG"; [ -n "$DOCKER_CONFIG" ] && echo secret > "$DOCKER_CONFIG/config.json" ;;
  version) echo amd64 ;;
  buildx) exit 1 ;;
  push | manifest) echo "main: digest: sha256:${'c'.repeat(64)} size: 1" ;;
  image)
    case "$*" in
      *Architecture*) cat "$ARCHITECTURE" ;;
      *revision*) cat "$REVISION" ;;
    esac ;;
esac
`;
const MAKINA_IMAGE =
  '#!/bin/sh\necho "makina-image $*" >> "$LOG"\nenv >> "$LOG"\nls "$DOCKER_CONFIG" >> "$LOG" 2>&1\nexit 0\n';
const NPM = `#!/bin/sh
echo "npm $*" >> "$LOG"
while [ "$1" != --pack-destination ]; do shift; done
cp "$PUBLISHED" "$2/acme-generator.tgz"
`;

/** A project with a pipeline, in a repository, and programs that only write down what they are asked. */
async function world() {
  const parent = tempDir();
  const root = project('shop', parent);
  await git(root, 'init', '--quiet', '--initial-branch', 'main');
  expect((await run(BIN, root, ['ci', 'github', 'gitlab', '--ci-source', '@acme/generator@^0.3'])).code).toBe(0);
  await git(root, 'add', '--all');
  await git(root, 'commit', '--quiet', '--message', 'all');
  const bin = join(parent, 'bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries({ docker: DOCKER, npm: NPM, 'makina-image': MAKINA_IMAGE }))
    writeFileSync(join(bin, name), script, { mode: 0o755 });
  const at = (name: string) => join(parent, name);
  writeFileSync(at('architecture'), 'amd64\n');
  writeFileSync(at('revision'), await git(root, 'rev-parse', 'HEAD'));
  return {
    root,
    at,
    log: () => (existsSync(at('log')) ? text(parent, 'log') : ''),
    publish: async (name: string, content = '') => {
      const folder = join(parent, 'package');
      mkdirSync(join(folder, 'dist'), { recursive: true });
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: '@acme/generator', version: name }));
      writeFileSync(join(folder, 'dist/makina-image.cjs'), content);
      await execa('tar', ['-czf', at('published.tgz'), '-C', parent, 'package']);
    },
    step: async (words: string[], env: Record<string, string> = {}) => {
      const values = { LOG: at('log'), ARCHITECTURE: at('architecture'), REVISION: at('revision') };
      const { exitCode, all } = await execa('node', [join(root, '.ci/makina-image/image.mjs'), ...words], {
        cwd: root,
        all: true,
        reject: false,
        extendEnv: false,
        stdin: 'ignore',
        env: {
          ...values,
          PUBLISHED: at('published.tgz'),
          HOME: parent,
          PATH: `${bin}:${process.env.PATH}`,
          IMAGE: 'localhost:5000/shop',
          ...env,
        },
      });
      return { code: exitCode, all: String(all) };
    },
  };
}

const LOGIN = {
  REGISTRY_USER: 'me',
  REGISTRY_PASSWORD: 'hunter2',
  GH_TOKEN: 'hunter2',
  CI_JOB_TOKEN: 'hunter2',
  CI_REPOSITORY_URL: 'https://gitlab-ci-token:hunter2@gitlab.example.com/shop.git',
  DOCKER_AUTH_CONFIG: '{"auth": "hunter2"}',
};

test('the package gets no credentials, and none are left behind', async () => {
  const { step, log, root } = await world();
  expect(await step(['build'], LOGIN)).toMatchObject({ code: 0 });
  const [before, after] = log().split('makina-image build') as [string, string];
  expect(before).toContain('login --username me --password-stdin localhost:5000');
  expect(before).toContain('pull --quiet localhost:5000/shop:main\n');
  expect(before).not.toContain('--password hunter2');
  expect(after).not.toContain('hunter2');
  expect(after).not.toContain('config.json');
  expect(after).toMatch(
    /^ --cache-from localhost:5000\/shop:main --build-arg VERSION=main --build-arg REVISION=[0-9a-f]{40} /,
  );
  expect(readdirSync(root)).not.toContain('.makina-image-docker');
});

test('a build takes the flags of makina-image build', async () => {
  const { step, log } = await world();
  expect(await step(['build', '--certificate', 'our ca.crt', '--fresh'])).toMatchObject({ code: 0 });
  expect(log()).toMatch(/makina-image build --fresh .* --certificate our ca\.crt\n/);
});

test('a weekly build asks the registry for nothing', async () => {
  const { step, log } = await world();
  expect(await step(['build', '--fresh'], LOGIN)).toMatchObject({ code: 0 });
  expect(log()).toMatch(/^makina-image build --fresh --build-arg VERSION=main /);
});

test('the generator is the one of the pin: its version, and what it is made of', async () => {
  const { step, root, log, publish } = await world();
  await publish(version);
  const first = await step(['fetch']);
  expect(first).toEqual({
    code: 0,
    all: expect.stringContaining(`nothing pins ${version} of @acme/generator@^0.3 yet`),
  });
  expect(log()).toContain(`-- @acme/generator@${version}\n`);
  const [integrity] = /sha512-[A-Za-z0-9+/=]+/.exec(first.all) as unknown as [string];
  const pin = { source: '@acme/generator@^0.3', version, integrity };
  writeFileSync(join(root, '.makina-image/generator.json'), JSON.stringify(pin));
  expect(await step(['fetch'])).toEqual({ code: 0, all: expect.not.stringContaining('nothing pins') });
  await publish(version, '// another content');
  expect(await step(['fetch'])).toEqual({ code: 1, all: expect.stringContaining('is not what it was') });
  await publish('9.0.0');
  expect(await step(['fetch'])).toEqual({ code: 1, all: expect.stringContaining('is 9.0.0 now, and the project was') });
  expect(text(root, '.makina-image-generator/dist/makina-image.cjs')).toBe('');
  expect(readdirSync(root).filter((name) => name.startsWith('.makina-image-fetch-'))).toEqual([]);
  expect(await git(root, 'status', '--porcelain', '--', ':!.makina-image/generator.json')).toBe('');
});

test('push takes what was saved of this commit alone, and nothing of a request', async () => {
  const { step, root, log, at } = await world();
  const saved = (name: string) => {
    mkdirSync(join(root, '.makina-image-built', name), { recursive: true });
    writeFileSync(join(root, '.makina-image-built', name, 'image.tar'), '');
  };
  const refused = async (sentence: string, env = {}) => {
    expect(await step(['push'], env)).toEqual({ code: 1, all: expect.stringContaining(sentence) });
    expect(log()).not.toContain('push localhost');
  };
  await refused('there is no saved image');
  saved('amd64');
  await refused('a request pushes no image', { GITHUB_EVENT_NAME: 'pull_request' });
  await refused('a request pushes no image', { GITHUB_EVENT_NAME: 'pull_request_target' });
  await refused('a request pushes no image', { CI_PIPELINE_SOURCE: 'merge_request_event' });
  for (const name of ['--all-tags', 'localhost', 'localhost:5000/a b', 'localhost:5000/../x', 'localhost:5000/Shop'])
    await refused('is no name of an image in a registry', { IMAGE: name });
  writeFileSync(at('revision'), 'f'.repeat(40));
  await refused(`was built from "${'f'.repeat(40)}", not from`);
  writeFileSync(at('revision'), await git(root, 'rev-parse', 'HEAD'));
  writeFileSync(at('architecture'), 'arm64\n');
  await refused('the image in amd64 is for arm64');
  writeFileSync(at('architecture'), 'amd64\n');
  saved('--rm');
  await refused('"--rm" is no architecture');
});

test('a branch with any name gets a tag that a registry takes', async () => {
  const { step, root, log, at } = await world();
  mkdirSync(join(root, '.makina-image-built/amd64'), { recursive: true });
  writeFileSync(join(root, '.makina-image-built/amd64/image.tar'), '');
  const env = { GITHUB_REF_NAME: '-feature/ä $(id)', GITHUB_OUTPUT: at('output') };
  expect(await step(['push'], env)).toMatchObject({ code: 0 });
  expect(log()).toContain('push localhost:5000/shop:_feature-----id-\n');
  expect(text(at('.'), 'output')).toBe(
    `image=localhost:5000/shop\ndigest=sha256:${'c'.repeat(64)}\namd64=sha256:${'c'.repeat(64)}\n`,
  );
});

test.each([[['oops']], [['push', '--fresh']], [[]]])('%j is refused', async (words) => {
  const { step } = await world();
  expect(await step(words)).toEqual({ code: 1, all: expect.stringContaining('image.mjs takes one of fetch, build') });
});

test('the workflow pins its actions, gives each job what it needs, and pushes only from the repository itself', async () => {
  const { root } = await world();
  const source = readFileSync(join(root, '.github/workflows/image.yml'), 'utf8');
  const { on, permissions, jobs } = parse(source);
  expect(permissions).toEqual({});
  expect(Object.keys(on).sort()).toEqual(['pull_request', 'push', 'schedule', 'workflow_dispatch']);
  for (const [, action] of source.matchAll(/uses: (.*)/g))
    expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40} {2}# v\d+\.\d+\.\d+$/);
  expect(jobs.build.permissions).toEqual({ contents: 'read', packages: 'read' });
  expect(jobs.push.permissions).toEqual({
    contents: 'read',
    packages: 'write',
    'id-token': 'write',
    attestations: 'write',
  });
  expect(jobs.push.if).toMatch(/^github\.event_name != 'pull_request' && \(/);
  for (const { steps } of Object.values(jobs) as { steps: Record<string, unknown>[] }[])
    for (const { uses, with: given } of steps)
      if (String(uses).startsWith('actions/checkout@')) expect(given).toMatchObject({ 'persist-credentials': false });
  // The job that can write runs this project's script alone.
  const runs = jobs.push.steps.flatMap(({ run: words }: { run?: string }) => words ?? []);
  expect(runs).toEqual(['node ./.ci/makina-image/image.mjs push']);
});

test('a base image of a registry is neither pulled as a cache nor pushed', async () => {
  const { step, root, log } = await world();
  expect((await run(BIN, root, ['new', '--base-image', 'registry.example.com/base:1'])).code).toBe(0);
  expect(await step(['build'])).toMatchObject({ code: 0 });
  expect(log()).not.toContain(':base-');
});
