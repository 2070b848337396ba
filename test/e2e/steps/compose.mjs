import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort, waitForPage } from '../docker.mjs';
import { makeProject } from '../project.mjs';

const NAME = 'e2ecompose';

/** The project's compose.yaml with docker-compose. */
export async function composeSteps(context) {
  const { step, signal, env } = context;
  const port = await freePort();
  const project = await step('a project for docker-compose builds', () =>
    makeProject(context, NAME, { publish: port }),
  );
  if (!project) return;

  /** The file as it is, but for the address the port is opened on. */
  const input = readFileSync(join(project.folder, 'compose.yaml'), 'utf8').replace(`"${port}:`, `"127.0.0.1:${port}:`);
  const compose = (...args) =>
    execa('docker-compose', ['--file', '-', '--project-directory', project.folder, '--project-name', NAME, ...args], {
      input,
      env: { DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0', ...env },
      timeout: 120_000,
      cancelSignal: signal,
    });

  try {
    await step('docker-compose up serves', async () => {
      await compose('up', '--detach', '--build');
      assert.match(await waitForPage(`http://127.0.0.1:${port}/`, 20, signal), /It works/);
      assert.match(readFileSync(join(project.data, 'data/welcome.txt'), 'utf8'), /copied into the data volume/);
    });
    await step('docker-compose stop ends it gracefully', async () => {
      const start = performance.now();
      await compose('stop');
      const seconds = (performance.now() - start) / 1000;
      const { stdout } = await context.docker(['ps', '--all', '--filter', `name=${NAME}`, '--format', '{{.Status}}']);
      assert.match(stdout, /^Exited \(0\)/);
      assert(seconds < 6, `it took ${seconds.toFixed(1)} s`);
    });
  } finally {
    await step('docker-compose down leaves nothing', async () => {
      await compose('down', '--volumes');
      assert.equal((await context.docker(['ps', '--all', '--quiet', '--filter', `name=${NAME}`])).stdout, '');
    });
  }
}
