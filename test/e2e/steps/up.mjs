/** `makina-image up` and `down`, by an ordinary user of the host who may use the engine. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort, waitForPage } from '../docker.mjs';
import { built, freshFolder, writeFile } from '../project.mjs';
import { asUser, copyPackage, giveToUser, readableCopy, USER } from '../user.mjs';

const NAME = 'e2eup';

export async function upSteps(context) {
  const { step, docker, env, signal, options, debian } = context;
  // A folder that the user reaches, which a checkout need not be.
  const home = freshFolder(join(tmpdir(), 'makina-image-e2e-up-'));
  copyPackage(join(home, 'package'));
  const work = join(home, 'work');
  mkdirSync(work);
  giveToUser(work);
  const port = await freePort();
  const trust = options.certificates ? ['--certificate', readableCopy(options.certificates, home)] : [];
  const build = ['--build-arg', `DEBIAN_IMAGE=${debian}`, ...trust];
  const run = (args, more = {}) => {
    const [file, ...words] = asUser(env, [process.execPath, join(home, 'package/dist/makina-image.cjs'), ...args]);
    return execa(file, words, {
      cwd: work,
      env: { DOCKER_BUILDKIT: '0', ...env, HOME: work },
      reject: false,
      stdin: 'ignore',
      timeout: 600_000,
      cancelSignal: signal,
      ...more,
    });
  };
  const list = async () => (await docker(['ps', '--all', '--filter', `name=${NAME}`, '--format', '{{.Names}}'])).stdout;
  const page = () => waitForPage(`http://127.0.0.1:${port}/`, 5, signal);
  built.push(NAME, `${NAME}-base`);

  try {
    await step('up builds and starts a project of an ordinary user', async () => {
      await run(['new', NAME, '--yes', '--publish', String(port)]);
      const { exitCode, stdout, stderr } = await run(['up', NAME, '--detach', ...build]);
      assert.equal(exitCode, 0, stderr.slice(-2000));
      assert.match(stdout, new RegExp(`http://localhost:${port}/ is up`));
      assert.match(await page(), /It works/);
    });
    await step('its user writes an override, and up starts with it', async () => {
      const path = join(work, NAME, 'data/configuration/pillar.sls');
      const text = JSON.stringify({
        [`makina-projects.${NAME}`]: { data: { app: { greeting: 'Hello from a user' } } },
      });
      await execa('setpriv', [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', 'tee', path], { input: text });
      assert.equal((await run(['up', NAME, '--detach', ...trust])).exitCode, 0);
      assert.match(await page(), /Hello from a user/);
    });
    await step('a build that fails leaves the container as it is', async () => {
      const file = join(work, NAME, 'project/Dockerfile');
      const text = readFileSync(file, 'utf8');
      writeFile(file, `${text}RUN echo 'No space left on device' >&2; exit 1\n`);
      const { exitCode, stderr } = await run(['up', NAME, '--detach', ...trust]);
      writeFile(file, text);
      assert.deepEqual([exitCode, /docker build failed: the disk is full/.test(stderr)], [1, true], stderr.slice(-500));
      assert.match(await page(), /Hello from a user/);
    });
    await step('down stops it, and leaves the data', async () => {
      assert.match((await run(['down', NAME])).stdout, /is stopped/);
      assert.equal(await list(), '');
      assert.match(readFileSync(join(work, NAME, 'data/data/welcome.txt'), 'utf8'), /copied into the data volume/);
      assert.match((await run(['down', NAME])).stdout, /nothing of .* is running/);
    });
    await step('a port that is taken is named before anything is built', async () => {
      const server = createServer().listen(port);
      const { exitCode, stderr } = await run(['up', NAME, ...trust]);
      server.close();
      assert.deepEqual(
        [exitCode, stderr],
        [1, `makina-image: port ${port} is taken on this host; stop what uses it, or add --publish ${port + 1}`],
      );
    });
    await step('a certificate that is not there is named before anything is built', async () => {
      const { exitCode, stderr } = await run(['up', NAME, '--certificate', 'none.pem']);
      assert.deepEqual([exitCode, /none.pem is not a file; --certificate takes/.test(stderr)], [2, true], stderr);
    });
    await step('a link in the place of the data folder is refused', async () => {
      const data = join(work, NAME, 'data');
      renameSync(data, join(home, 'data'));
      symlinkSync('/', data);
      const { exitCode, stderr } = await run(['up', NAME, ...trust]);
      rmSync(data);
      renameSync(join(home, 'data'), data);
      assert.deepEqual(
        [exitCode, /data is a link, and the container starts as root in it/.test(stderr)],
        [1, true],
        stderr,
      );
    });
    await step('up ends with the code of a container that cannot start', async () => {
      writeFile(join(work, NAME, 'data/configuration/pillar.sls'), 'nonsense: true\n');
      const { exitCode, stdout, stderr } = await run(['up', NAME, ...trust]);
      assert.match(stdout, /has the key 'nonsense'/);
      assert.match(stderr, /the container has ended with code 78; its log is above$/);
      assert.equal(exitCode, 78);
      assert.equal(await list(), '');
      rmSync(join(work, NAME, 'data/configuration/pillar.sls'));
    });
    for (const [name, code] of [
      ['SIGINT', 0],
      ['SIGTERM', 0],
      ['SIGHUP', 0],
    ])
      await step(`${name} stops up and its container gracefully`, async () => {
        const started = run(['up', NAME, ...trust]);
        started.stdout.on('data', (text) => String(text).includes('is up') && started.kill(name));
        assert.equal((await started).exitCode, code);
        assert.equal(await list(), '');
      });
    await step('a container of the same name that is not its own is left alone', async () => {
      await docker(['run', '--detach', '--name', NAME, '--entrypoint', 'sleep', NAME, '100']);
      const { exitCode, stderr } = await run(['up', NAME]);
      assert.deepEqual(
        [exitCode, /was not started by makina-image; remove it with docker rm --force e2eup$/.test(stderr)],
        [1, true],
        stderr,
      );
      assert.equal((await run(['down', NAME])).exitCode, 1);
      assert.equal(await list(), NAME);
    });
  } finally {
    await docker(['rm', '--force', '--volumes', NAME], { reject: false });
    rmSync(home, { recursive: true, force: true });
  }
}
