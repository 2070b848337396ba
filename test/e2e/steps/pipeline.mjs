/** The pipeline of an image, step by step as its files run it, with a registry of Debian on this machine. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../docker.mjs';
import { checkout, DOCKER } from '../machine.mjs';
import { built, freshFolder, makinaImage } from '../project.mjs';

const NAME = 'e2epipe';
const MANIFESTS = [
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
].join(', ');

export async function pipelineSteps(context) {
  const { step, docker, env, signal, base, work } = context;
  const home = freshFolder(join(work, 'pipeline'));
  const registry = await startRegistry(home, signal);
  const project = join(home, NAME);
  const image = `${registry.address}/team/${NAME}`;
  const bin = join(home, 'bin');
  const run = (words, more = {}) =>
    execa(process.execPath, [join(project, '.ci/makina-image/image.mjs'), ...words], {
      cwd: project,
      env: { DOCKER_BUILDKIT: '1', ...env, IMAGE: image, PATH: `${bin}:${process.env.PATH}`, HOME: home, ...more },
      all: true,
      reject: false,
      stdin: 'ignore',
      timeout: 600_000,
      cancelSignal: signal,
    });
  const passes = async (...words) => {
    const { exitCode, all } = await run(words);
    assert.equal(exitCode, 0, all?.slice(-3000));
    return all;
  };
  const git = (...words) =>
    execa('git', ['-C', project, '-c', 'user.name=e2e', '-c', 'user.email=e2e@localhost', ...words]);
  const manifestOf = async (tag) => {
    const answer = await fetch(`http://${registry.address}/v2/team/${NAME}/manifests/${tag}`, {
      headers: { accept: MANIFESTS },
    });
    assert.equal(answer.status, 200, tag);
    return answer.json();
  };
  built.push(NAME, `${image}:main`, `${image}:main-amd64`, `${image}:main-arm64`, `${image}:v1.0`);
  let architecture;

  try {
    await step('the pipeline of a project fetches the generator, and runs nothing of it', async () => {
      await makinaImage('new', NAME, '--yes', '--destination', project, '--base-image', base, '--runtime', 'base');
      await git('init', '--quiet', '--initial-branch', 'main');
      const words = ['ci', 'github', 'gitlab', '--ci-source', '@acme/generator'];
      await execa('node', [join(checkout, 'dist/makina-image.cjs'), ...words], { cwd: project, stdin: 'ignore' });
      await git('add', '--all');
      await git('commit', '--quiet', '--message', 'A project');
      await packGenerator(home, bin);
      assert.match(await passes('fetch'), /nothing pins .*makina-image .* is in \.makina-image-generator/s);
      assert.equal((await git('status', '--porcelain')).stdout, '');
    });
    await step('it builds with the layers of the last image, tests, and lists what is in it', async () => {
      await passes('build');
      ({ stdout: architecture } = await docker(['image', 'inspect', '--format', '{{.Architecture}}', NAME]));
      assert.match(await passes('test'), /\d+ passed, 0 failed/);
      await passes('sbom');
      const bom = JSON.parse(readFileSync(join(project, '.makina-image-built', architecture, 'sbom.cdx.json'), 'utf8'));
      const names = bom.components.map(({ purl = '', name }) => purl.split('@')[0] || name);
      for (const name of ['debian', 'pkg:deb/debian/nginx', 'pkg:pypi/circus', 'pkg:pypi/salt'])
        assert.ok(names.includes(name), `${name} of ${names.length}`);
      return `${names.length} components`;
    });
    await step('it pushes by branch, and what is pulled back has the labels', async () => {
      await passes('save');
      assert.match(await passes('push'), /:main is pushed: sha256:[0-9a-f]{64}/);
      const pushed = readFileSync(join(project, '.makina-image-built/pushed'), 'utf8').trim();
      await docker(['rmi', `${image}:main`]);
      await docker(['pull', '--quiet', pushed]);
      built.push(pushed);
      const { stdout } = await docker(['image', 'inspect', '--format', '{{json .Config.Labels}}', pushed]);
      const labels = JSON.parse(stdout);
      const label = (name) => labels[`org.opencontainers.image.${name}`];
      assert.equal(label('revision'), (await git('rev-parse', 'HEAD')).stdout);
      assert.equal(label('version'), 'main');
      assert.match(label('created'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.doesNotMatch(await passes('build'), /cannot be pulled/);
    });
    await step('it pushes by tag', async () => {
      await passes('save');
      const { exitCode, all } = await run(['push'], { GITHUB_REF_NAME: 'v1.0', GITHUB_OUTPUT: join(home, 'output') });
      assert.equal(exitCode, 0, all);
      assert.match(
        readFileSync(join(home, 'output'), 'utf8'),
        new RegExp(`^image=${image}\ndigest=(sha256:\\w+)\n${architecture}=\\1\n$`),
      );
      assert.ok((await manifestOf('v1.0')).layers.length > 0);
    });
    await step('two architectures get one name', async () => {
      const other = architecture === 'arm64' ? 'amd64' : 'arm64';
      const revision = (await git('rev-parse', 'HEAD')).stdout;
      const folder = freshFolder(join(home, 'other'));
      writeFileSync(
        join(folder, 'Dockerfile'),
        `FROM scratch\nCOPY Dockerfile /\nLABEL org.opencontainers.image.revision=${revision}\n`,
      );
      await docker(['build', '--platform', `linux/${other}`, '--tag', NAME, folder], {
        env: { ...env, DOCKER_BUILDKIT: '1' },
      });
      mkdirSync(join(project, '.makina-image-built', other));
      await docker(['save', '--output', join(project, '.makina-image-built', other, 'image.tar'), NAME]);
      await passes('push');
      const { manifests } = await manifestOf('main');
      assert.deepEqual(manifests.map(({ platform }) => platform.architecture).sort(), ['amd64', 'arm64']);
    });
    await step('a request, another name and another commit push nothing', async () => {
      const before = JSON.stringify(await manifestOf('main'));
      const refused = async (sentence, more = {}) => {
        const { exitCode, all } = await run(['push'], more);
        assert.equal(exitCode, 1);
        assert.match(all, sentence);
      };
      await refused(/a request pushes no image/, { GITHUB_EVENT_NAME: 'pull_request' });
      await refused(/a request pushes no image/, { CI_PIPELINE_SOURCE: 'merge_request_event' });
      await refused(/is no name of an image in a registry/, { IMAGE: '--all-tags' });
      await git('commit', '--quiet', '--allow-empty', '--message', 'Another one');
      await refused(/was built from "[0-9a-f]{40}", not from/);
      assert.equal(JSON.stringify(await manifestOf('main')), before);
    });
  } finally {
    await registry.stop();
  }
}

/** What `npm pack` makes of this checkout, and an npm that has nothing else. */
async function packGenerator(home, bin) {
  const folder = join(home, 'package');
  for (const path of ['dist', 'templates', 'package.json'])
    cpSync(join(checkout, path), join(folder, path), { recursive: true });
  await execa('tar', ['-czf', join(home, 'packed.tgz'), '-C', home, 'package']);
  mkdirSync(bin);
  if (existsSync(DOCKER)) symlinkSync(DOCKER, join(bin, 'docker'));
  const npm = `#!/bin/sh
while [ "$1" != --pack-destination ]; do shift; done
cp '${join(home, 'packed.tgz')}' "$2/acme-generator.tgz"
`;
  writeFileSync(join(bin, 'npm'), npm, { mode: 0o755 });
}

/** Debian's registry on a free port of this machine. */
async function startRegistry(home, signal) {
  const port = await freePort();
  const config = join(home, 'registry.yml');
  writeFileSync(
    config,
    `version: 0.1
storage:
  filesystem: {rootdirectory: ${join(home, 'registry')}}
http: {addr: '127.0.0.1:${port}'}
`,
  );
  const log = openSync(join(home, 'registry.log'), 'a');
  const server = spawn('docker-registry', ['serve', config], { stdio: ['ignore', log, log] });
  const ended = once(server, 'close');
  const address = `127.0.0.1:${port}`;
  for (let tries = 0; tries < 100 && server.exitCode === null; tries += 1) {
    signal.throwIfAborted();
    if (
      await fetch(`http://${address}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return {
        address,
        stop: async () => {
          server.kill();
          await ended;
        },
      };
    await sleep(100);
  }
  throw new Error(
    `docker-registry does not answer: ${existsSync(config) ? readFileSync(join(home, 'registry.log'), 'utf8').slice(-500) : ''}`,
  );
}
