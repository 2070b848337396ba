import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { waitForPage } from '../docker.mjs';
import { freshFolder, OVERRIDE } from '../project.mjs';
import { untilItServes } from '../terminal.mjs';

const VOLUME = '/srv/media';

/**
 * Does what the README of a project with a volume of its own says, with its own commands: build, run, override, back up, restore.
 * @param env in which `docker` opens `port` in the place of the one the README names
 */
export async function projectReadme({ work, signal }, env, port) {
  const parent = freshFolder(join(work, 'readme-'));
  const options = {
    cwd: join(parent, 'demo'),
    env,
    extendEnv: false,
    stdin: 'ignore',
    timeout: 300_000,
    cancelSignal: signal,
  };
  const sh = async (script) => (await execa('bash', ['-euc', script], { ...options, all: true })).all;
  await execa('makina-image', ['new', 'demo', '--yes', '--volumes', VOLUME], { ...options, cwd: parent });
  const text = readFileSync(join(options.cwd, 'README.md'), 'utf8');
  const blocks = [...text.matchAll(/^```(?:sh|yaml)\n([\s\S]*?)^```/gm)].map(([, block]) => block);
  const [build, run, override, reconfigure, backUp, restore, ...others] = blocks;
  assert.deepEqual([override?.includes('greeting: Good morning'), others], [true, []]);

  await sh(build);
  const { exitCode, all } = await untilItServes(['bash', '-c', run], options, port, signal);
  assert.equal(exitCode, 0, all);

  mkdirSync(join(options.cwd, 'data/configuration'), { recursive: true });
  writeFileSync(join(options.cwd, 'data', OVERRIDE), override, { mode: 0o600 });
  const container = (await sh(run.replace('-it', '-d'))).trim();
  const url = `http://127.0.0.1:${port}/`;
  assert.match(await waitForPage(url, 20, signal), /Good morning/);
  writeFileSync(join(options.cwd, 'data', OVERRIDE), override.replace('Good morning', 'Good night'));
  await sh(reconfigure.replace('CONTAINER', container));
  assert.match(await waitForPage(url, 20, signal), /Good night/);
  const media = /-v (\S+):\/srv\/media/.exec(run)?.[1];
  await sh(`docker exec ${container} install -D -m 640 -o demo-user /etc/hostname ${VOLUME}/deep/upload`);
  await sh(`docker stop ${container}`);

  const list = `find . ! -type d -printf '%P %U:%G %m %s\\n'`;
  const listing = () =>
    sh(
      `(cd data && ${list}) | sort; docker run --rm -v ${media}:${VOLUME} --entrypoint sh demo -c "cd ${VOLUME} && ${list}" | sort`,
    );
  const before = await listing();
  assert.match(before, /^deep\/upload 900:0 640 /m);
  await sh(backUp);
  rmSync(join(options.cwd, 'data'), { recursive: true });
  await sh(`docker volume rm ${media}`);
  await sh(restore);
  assert.equal(await listing(), before);
  const again = (await sh(run.replace('-it', '-d'))).trim();
  assert.match(await waitForPage(url, 20, signal), /Good night/);
  await sh(`docker stop ${again}`);
}
