import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort, waitForPage } from '../docker.mjs';
import { checkout } from '../machine.mjs';
import { makeProject } from '../project.mjs';

const NAME = 'e2ecompose';
const DEVCONTAINERS = '@devcontainers/cli@0.89.0';

/** The project's compose.yaml with docker-compose. */
export async function composeSteps(context) {
  const { step, signal, docker } = context;
  const port = await freePort();
  const project = await step('a project for docker-compose builds', () =>
    makeProject(context, NAME, { publish: port, editors: ['devcontainer'] }),
  );
  if (!project) return;
  await step('doctor finds nothing that stops the built project', () => doctor(context, project, 'is free'));
  const compose = createCompose(context.env, project, port);
  const list = async (...format) => (await docker(['ps', '--all', '--filter', `name=${NAME}`, ...format])).stdout;

  try {
    await step('docker-compose up serves', async () => {
      await compose(['up', '--detach', '--build'], { cancelSignal: signal });
      assert.match(await waitForPage(`http://127.0.0.1:${port}/`, 20, signal), /It works/);
      assert.match(readFileSync(join(project.data, 'data/welcome.txt'), 'utf8'), /copied into the data volume/);
    });
    await step('doctor knows the port of the running container', () =>
      doctor(context, project, "this project's container e2ecompose"),
    );
    await step('docker-compose stop ends it gracefully', async () => {
      const start = performance.now();
      await compose(['stop'], { cancelSignal: signal });
      const seconds = (performance.now() - start) / 1000;
      assert.match(await list('--format', '{{.Status}}'), /^Exited \(0\)/);
      assert(seconds < 6, `it took ${seconds.toFixed(1)} s`);
    });
  } finally {
    await compose(['down', '--volumes']);
  }
  await step('the reference tool of development containers opens it', () => devcontainer(context, project));
  await step('docker-compose down leaves nothing', async () => assert.equal(await list('--quiet'), ''));
}

/** Opens the project as an editor does, and looks around in it. */
async function devcontainer({ env, work, signal }, { folder }) {
  const options = {
    env: { DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0', ...env },
    timeout: 300_000,
    cancelSignal: signal,
  };
  const tool = join(work, 'devcontainers');
  await execa('npm', ['install', '--prefix', tool, '--no-audit', '--no-fund', DEVCONTAINERS], options);
  const run = (verb, ...words) =>
    execa(join(tool, 'node_modules/.bin/devcontainer'), [verb, '--workspace-folder', folder, ...words], options);
  const files = ['compose.yaml', '.devcontainer/compose.yaml'].flatMap((file) => ['--file', join(folder, file)]);
  try {
    await run('up');
    assert.match((await run('exec', 'makina', 'status')).stdout, /^web +running/m);
    assert.match((await run('exec', 'cat', '/workspace/project/app/server.py')).stdout, /http.server/);
  } finally {
    await execa('docker-compose', [...files, 'down', '--volumes', '--timeout', '5'], options);
  }
}

/** Runs doctor, which must find no error, and say this of the port. */
async function doctor({ env }, { folder }, port) {
  const bin = join(checkout, 'dist/makina-image.cjs');
  const { exitCode, stdout } = await execa('node', [bin, 'doctor', '--json', folder], { env, reject: false });
  const { findings } = JSON.parse(stdout);
  const errors = findings.filter(({ level }) => level === 'error');
  assert.deepEqual([exitCode, errors], [0, []]);
  const what = (id) => findings.find((finding) => finding.id === id)?.what;
  assert.match(what('docker'), /answers$/);
  assert.match(what('base-image'), /is there$/);
  assert.match(what('port'), new RegExp(port));
  return findings
    .filter(({ level }) => level === 'warning')
    .map(({ id }) => id)
    .join(', ');
}

/** Returns compose(args, options), which runs docker-compose on the project's file, but for the address the port is opened on. */
function createCompose(env, { folder }, port) {
  const input = readFileSync(join(folder, 'compose.yaml'), 'utf8').replace(`"${port}:`, `"127.0.0.1:${port}:`);
  return (args, options) =>
    execa('docker-compose', ['--file', '-', '--project-name', NAME, ...args], {
      input,
      cwd: folder,
      env: { DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0', ...env },
      timeout: 120_000,
      ...options,
    });
}
