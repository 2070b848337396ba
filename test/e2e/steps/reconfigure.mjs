import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runToEnd, withContainer } from '../docker.mjs';
import { CHANGE_TIMES, DUMP_SERVER, PROCESSES } from '../in-container.mjs';
import { freshVolume, lazyProject, OVERRIDE, writeOverride } from '../project.mjs';

const NAME = 'e2ereconfigure';
const CONFIGURATION = `/etc/makina-projects/${NAME}`;
const LAUNCHER = `/srv/projects/${NAME}/project/launch.sh`;
const ANSWERS = {
  programs: { web: { cmd: 'python3 app/dump.py' }, other: { cmd: 'sleep 1000' }, third: { cmd: 'sleep 2000' } },
};
const FILES = { 'project/app/dump.py': DUMP_SERVER };

/** When Salt runs, what a change restarts, and the two variables of a start. */
export async function reconfigureSteps(context) {
  const { step, docker } = context;
  const project = lazyProject(context, NAME, ANSWERS, FILES);
  const started = async (volume, use, run = []) =>
    withContainer(context, (await project()).image, { run: [...volume.run, ...run] }, use);
  const reconfigure = async (container) => docker(['exec', container.id, LAUNCHER, 'reconfigure'], { reject: false });

  await step('reconfigure-in-place of a program', async () => {
    const volume = freshVolume(await project());
    await started(volume, async (container) => {
      await container.get();
      const before = await pids(container);
      writeOverride(NAME, volume.data, { programs: { other: { cmd: 'sleep 1001' } } });
      const { exitCode, all } = await reconfigure(container);
      assert.equal(exitCode, 0, all);
      const after = await settled(container, before, 'other');
      assert.notDeepEqual(after.other, before.other, 'the changed program still runs');
      for (const name of ['web', 'third', 'nginx']) assert.deepEqual(after[name], before[name], `${name} restarted`);
      assert.equal((await container.stop()).code, 0);
    });
  });

  await step('reconfigure-in-place of a virtual host', async () => {
    const volume = freshVolume(await project());
    await started(volume, async (container) => {
      await container.get();
      const before = await pids(container);
      const locations = { '/files/': { alias: '/srv/projects/{name}/project/app' } };
      writeOverride(NAME, volume.data, { vhosts: { localhost: { locations } } });
      const { exitCode, all } = await reconfigure(container);
      assert.equal(exitCode, 0, all);
      assert.match(await container.get('/files/dump.py', 5), /BaseHTTPRequestHandler/);
      assert.deepEqual(await pids(container), before, 'something restarted');
    });
  });

  await step('reconfigure-in-place of the application', async () => {
    const volume = freshVolume(await project());
    await started(volume, async (container) => {
      await container.get();
      const before = await pids(container);
      writeOverride(NAME, volume.data, { app: { greeting: 'Overridden' } });
      const { exitCode, all } = await reconfigure(container);
      assert.equal(exitCode, 0, all);
      assert.equal(JSON.parse(await container.exec('cat', `${CONFIGURATION}/app.json`)).greeting, 'Overridden');
      const after = await settled(container, before, 'web');
      assert.notDeepEqual(after.web, before.web, 'the program that reads it still runs');
      for (const name of ['other', 'third', 'nginx']) assert.deepEqual(after[name], before[name], `${name} restarted`);
    });
  });

  const bad = {
    'a wrong value': { programs: { web: { numprocesses: 'many' } } },
    'a configuration nginx refuses': { vhosts: { other: { default_server: true } } },
  };
  for (const [what, data] of Object.entries(bad))
    await step(`reconfigure-in-place refuses ${what}`, async () => {
      const volume = freshVolume(await project());
      writeOverride(NAME, volume.data, { app: { greeting: 'Overridden' } });
      await started(volume, async (container) => {
        await container.get();
        const before = [await pids(container), await configuration(container)];
        writeOverride(NAME, volume.data, data);
        const { exitCode, stderr } = await reconfigure(container);
        assert.equal(exitCode, 78);
        assert.equal(stderr.trim().split('\n').length, 1, `not one sentence: ${stderr}`);
        await sleep(1500);
        assert.deepEqual([await pids(container), await configuration(container)], before, 'something changed');
        await container.get('/', 1);
        return stderr.trim();
      });
    });

  await step('skip-reconfigure', async () => {
    const volume = freshVolume(await project());
    const greeting = async (container) => JSON.parse(await container.get()).app.greeting;
    await started(volume, async (container) => {
      const { image } = await project();
      const cache = ['run', '--rm', '--entrypoint', 'python3', image, '-c', CHANGE_TIMES, '/var/cache/salt'];
      let last = JSON.parse((await docker(cache)).stdout);
      /** Starts it, unless it just was, and checks that Salt ran, or not: Salt leaves its traces below its cache. */
      const start = async (runs, wanted, what) => {
        if (!(await container.state()).running) await container.start();
        assert.equal(await greeting(container), wanted, what);
        const now = await container.python(CHANGE_TIMES, '/var/cache/salt');
        const touched = JSON.stringify(now) !== JSON.stringify(last);
        assert.equal(touched, runs, `${what}: Salt ${touched ? 'ran' : 'did not run'}`);
        last = now;
        assert.equal((await container.stop()).code, 0);
      };
      await start(false, 'It works', 'the first start without an override');
      writeOverride(NAME, volume.data, { app: { greeting: 'Overridden' } });
      await start(true, 'Overridden', 'the first start with an override');
      await start(false, 'Overridden', 'the second start with an override');
      const other = join(context.work, 'app.json');
      writeFileSync(other, '{"greeting": "by hand"}', { mode: 0o444 });
      await docker(['cp', other, `${container.id}:${CONFIGURATION}/app.json`]);
      await start(true, 'Overridden', 'a start after a rendered file changed');
      rmSync(join(volume.data, OVERRIDE));
      await start(true, 'It works', 'the first start after the override went');
      await start(false, 'It works', 'the second start after the override went');
    });
  });

  await step('start-timeout', async () => {
    const volume = freshVolume(await project());
    const large = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, `value ${index}`]));
    writeOverride(NAME, volume.data, { app: large });
    const run = [...volume.run, '--env', 'MAKINA_START_TIMEOUT=1'];
    const start = performance.now();
    const { code, stderr } = await runToEnd(context, (await project()).image, { run });
    assert.equal(code, 1, stderr);
    assert(performance.now() - start < 5000, 'it took longer');
    assert.match(stderr, /START_TIMEOUT/);
    assert.equal(stderr.trim().split('\n').length, 1, `not one sentence: ${stderr}`);
    return stderr.trim();
  });

  for (const [name, value] of [
    ['log-level', 'MAKINA_LOG_LEVEL=nonsense'],
    ['start-timeout that is no number', 'MAKINA_START_TIMEOUT=soon'],
  ])
    await step(name, async () => {
      const { code, stderr } = await runToEnd(context, (await project()).image, { run: ['--env', value] });
      assert.equal(code, 78, stderr);
      assert(stderr.includes(value.split('=')[0]), stderr);
      assert.equal(stderr.trim().split('\n').length, 1, `not one sentence: ${stderr}`);
      return stderr.trim();
    });
}

/** The process ids by name: of each program, and of nginx's master. */
async function pids(container) {
  const processes = await container.python(PROCESSES);
  const of = (pattern) => processes.filter(({ command }) => pattern.test(command)).map(({ pid }) => pid);
  return {
    web: of(/^python3 app\/dump.py/),
    other: of(/^sleep 100\d$/),
    third: of(/^sleep 2000$/),
    nginx: of(/^nginx: master /),
  };
}

/** The process ids once a program is another process than before. */
async function settled(container, before, name) {
  for (let tries = 0; ; tries += 1) {
    const now = await pids(container);
    if ((now[name].length === 1 && now[name][0] !== before[name][0]) || tries === 50) return now;
    await sleep(100);
  }
}

/** The checksums of all that is rendered, and of the pillar; the record of the last start may go. */
async function configuration(container) {
  const folders = `${CONFIGURATION} /srv/projects/${NAME}/pillar`;
  return container.exec('sh', '-c', `find ${folders} -type f ! -name launch.json -exec sha256sum {} + | sort`);
}
