/** `makina-image up --watch`, and compose.watch.yaml with the Compose of Debian 13. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../docker.mjs';
import { built, freshFolder, override, proxies } from '../project.mjs';
import { asUser, copyPackage, giveToUser, readableCopy } from '../user.mjs';

const NAME = 'e2ewatch';
const PATIENCE_SECONDS = 60;

export async function watchSteps(context) {
  const { step, docker, env, signal, options, debian } = context;
  const home = freshFolder(join(tmpdir(), 'makina-image-e2e-watch-'));
  copyPackage(join(home, 'package'));
  const work = giveToUser(freshFolder(join(home, 'work-')));
  const folder = join(work, NAME);
  const port = await freePort();
  const trust = options.certificates ? ['--certificate', readableCopy(options.certificates, home)] : [];
  const run = (args) => {
    const [file, ...words] = asUser(env, [process.execPath, join(home, 'package/dist/makina-image.cjs'), ...args]);
    const how = { DOCKER_BUILDKIT: '0', ...env, HOME: work };
    return execa(file, words, { cwd: work, env: how, reject: false, stdin: 'ignore', all: true, cancelSignal: signal });
  };
  /** Waits for a page with some words. @returns the seconds that it took */
  const until = async (words, what) => {
    const start = performance.now();
    for (;;) {
      const body = await fetch(`http://127.0.0.1:${port}/`).then(
        (response) => response.text(),
        (error) => error.message,
      );
      if (body.includes(words)) return (performance.now() - start) / 1000;
      if (performance.now() - start > PATIENCE_SECONDS * 1000) throw new Error(`${what}: ${body}`);
      signal.throwIfAborted();
      await sleep(10);
    }
  };
  const edit = (path, change) => writeFileSync(join(folder, path), change(readFileSync(join(folder, path), 'utf8')));
  built.push(NAME, `${NAME}-base`);
  let up;
  try {
    await step('up --watch serves the code of the host', async () => {
      await run(['new', NAME, '--yes', '--publish', String(port)]);
      up = run(['up', NAME, '--watch', '--build-arg', `DEBIAN_IMAGE=${debian}`, ...trust]);
      up.then((ended) => ended.exitCode === 0 || console.log(ended.all.slice(-3000)));
      await until('It works', 'the first page');
      await sleep(1000);
    });
    await step('a saved file restarts the program that runs it', async () => {
      edit('project/app/server.py', (text) => text.replace('<h1>', '<h1>Edited: '));
      return `${(await until('Edited: ', 'the edit')).toFixed(2)} s`;
    });
    await step('a saved override is applied', async () => {
      const ready = join(work, 'pillar.sls');
      writeFileSync(ready, override(NAME, { app: { greeting: 'Overridden' } }), { mode: 0o600 });
      renameSync(giveToUser(ready), join(folder, 'data/configuration/pillar.sls'));
      return `${(await until('Overridden', 'the override')).toFixed(2)} s`;
    });
    await step('an edit that ends the container waits for the one that mends it', async () => {
      const whole = readFileSync(join(folder, 'project/app/server.py'), 'utf8');
      edit('project/app/server.py', () => 'not Python\n');
      const start = performance.now();
      while (!(await listed()).includes('Exited') && (await listed()) !== '') {
        assert(performance.now() - start < PATIENCE_SECONDS * 1000, 'the container goes on');
        await sleep(200);
      }
      edit('project/app/server.py', () => whole.replace('Edited: ', 'Mended: '));
      await until('Mended: ', 'the mended code');
    });
    await step('an edit of the pillar builds the image again', async () => {
      rmSync(join(folder, 'data/configuration/pillar.sls'));
      edit('pillar/init.sls', (text) => text.replace('data: {}', 'data: {app: {greeting: Built}}'));
      await until('Built', 'the pillar');
    });
    await step('a build that fails leaves the container, and the next edit counts', async () => {
      appendFileSync(join(folder, 'project/Dockerfile'), 'RUN false\n');
      await sleep(6000);
      await until('Built', 'the old container');
      edit('project/Dockerfile', (text) => text.replace('RUN false\n', ''));
      edit('project/app/server.py', (text) => text.replace('Mended: ', 'Again: '));
      await until('Again: ', 'the next edit');
    });
    await step('Ctrl-C stops it and its container', async () => {
      up.kill('SIGINT');
      const { exitCode, all } = await up;
      assert.equal(exitCode, 0, all.slice(-2000));
      assert.equal(await listed(), '');
      up = undefined;
    });
    await step('the Compose of Debian 13 follows an edit with compose.watch.yaml', () => composeWatch());
  } finally {
    up?.kill('SIGINT');
    await up;
    await docker(['rm', '--force', '--volumes', NAME], { reject: false });
    rmSync(home, { recursive: true, force: true });
  }

  async function listed() {
    return (await docker(['ps', '--all', '--filter', `name=^${NAME}$`, '--format', '{{.Names}} {{.Status}}'])).stdout;
  }

  /** Compose runs in a container of its own, with the engine's socket and the project's folder. */
  async function composeWatch() {
    const image = `${NAME}-compose`;
    built.push(image);
    const recipe = freshFolder(join(home, 'compose-'));
    writeFileSync(
      join(recipe, 'Dockerfile'),
      `FROM ${debian}\nRUN apt-get update && apt-get install -y --no-install-recommends docker-compose ca-certificates\n`,
    );
    await docker(['build', ...proxies(), '--tag', image, recipe], { timeout: 600_000 });
    const socket = (env.DOCKER_HOST ?? process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').slice(
      'unix://'.length,
    );
    const files = ['-f', 'compose.yaml', '-f', 'compose.watch.yaml'];
    mkdirSync(join(folder, 'data/configuration'), { recursive: true });
    const mounts = ['-v', `${socket}:/var/run/docker.sock`, '-v', `${folder}:${folder}`, '-w', folder];
    const compose = (...words) => ['run', '--rm', ...mounts, image, 'docker-compose', ...files, ...words];
    await docker([
      'run',
      '--detach',
      '--name',
      `${NAME}-composer`,
      ...mounts,
      image,
      'docker-compose',
      ...files,
      'watch',
    ]);
    try {
      await until('Again: ', 'the first page of Compose');
      await sleep(2000);
      edit('project/app/server.py', (text) => text.replace('Again: ', 'Composed: '));
      return `${(await until('Composed: ', 'the edit')).toFixed(2)} s`;
    } catch (error) {
      const { all } = await docker(['logs', `${NAME}-composer`], { reject: false });
      throw new Error(`${error.message}\n${all.slice(-3000)}`);
    } finally {
      await docker(['rm', '--force', `${NAME}-composer`], { reject: false });
      await docker(compose('down', '--timeout', '5'), { reject: false, timeout: 60_000 });
    }
  }
}
