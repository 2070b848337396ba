import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withContainer } from '../docker.mjs';
import { dataVolume } from '../project.mjs';

/** The demo project, run as its README says: what it serves, what runs in it, what it does with its volume. */
export async function serveSteps(context) {
  const { step, demo } = context;
  const seeded = join(demo.data, 'data/welcome.txt');
  const run = dataVolume(demo);

  await step('the first start fills the volume and serves', () =>
    withContainer(context, demo.image, { run }, async (container) => {
      assert(!existsSync(seeded), 'the volume is not empty before the first start');
      const page = await container.get();
      assert.match(page, /<h1>It works<\/h1>/);
      assert.match(page, /copied into the data volume at the first start/);
      assert.match(readFileSync(seeded, 'utf8'), /copied into the data volume/);
      const owner = await container.exec('stat', '--format', '%U', `/srv/projects/${demo.name}/data/data`);
      assert.equal(owner, `${demo.name}-user`, 'the program cannot write to its volume');
    }),
  );

  await step('a second start leaves a changed file alone', () =>
    withContainer(context, demo.image, { run }, async (container) => {
      writeFileSync(seeded, 'changed by its user');
      assert.match(await container.get(), /<p>changed by its user<\/p>/);
      assert.equal(readFileSync(seeded, 'utf8'), 'changed by its user');
    }),
  );

  await step('only the init, the launcher, circus and its children run', () =>
    withContainer(context, demo.image, { run }, async (container) => {
      await container.get();
      const user = await container.exec('id', '-u', `${demo.name}-user`);
      const www = await container.exec('id', '-u', 'www-data');
      const expected = [
        ['0', /^\/usr\/bin\/tini /],
        ['0', /^\/bin\/sh \/srv\/projects\/e2edemo\/project\/launch\.sh$/],
        [
          '0',
          /^\/srv\/apps\/circus\/venv\/bin\/python -I -S \/srv\/projects\/e2edemo\/project\/\.salt\/runtime\/runner /,
        ],
        [user, /^python3 app\/server.py$/],
        ['0', /^nginx: master process /],
        [www, /^nginx: worker process$/],
      ];
      const processes = await container.processes();
      const isOne = ({ uid, command }) => expected.some(([owner, pattern]) => uid === owner && pattern.test(command));
      const strange = processes.filter((process) => !isOne(process));
      assert.deepEqual(strange, [], 'these do not belong there');
      assert(processes.length >= expected.length, `some are missing: ${JSON.stringify(processes)}`);
      return `${processes.length} processes`;
    }),
  );

  await step('the logs of nginx and of the program are in docker logs', () =>
    withContainer(context, demo.image, { run }, async (container) => {
      await container.get('/?in-the-log');
      const log = await container.logs();
      assert.match(log, /"GET \/\?in-the-log HTTP\/1.1" 200 \d+ "-"/, 'nothing of nginx');
      assert.match(log, /127.0.0.1 - - .* "GET \/\?in-the-log/, 'nothing of the program');
      assert.doesNotMatch(log, /Warning|Traceback|ERROR/, 'something is wrong');
    }),
  );

  await step('its health check tells when it is ready', () =>
    withContainer(context, demo.image, { run: [...run, '--health-interval', '1s'] }, async (container) => {
      assert.equal((await container.state()).health, 'starting');
      await container.healthy();
      assert.match(await container.get('/', 1), /It works/);
    }),
  );

  await step('docker stop ends it gracefully', () =>
    withContainer(context, demo.image, { run }, async (container) => {
      await container.get();
      const { code, pid, seconds } = await container.stop();
      assert.equal(code, 0);
      assert.equal(pid, 0, 'something of it still runs');
      assert(seconds < 5, `it took ${seconds.toFixed(1)} s`);
      const log = await container.logs();
      assert.match(log, /nginx stopped/);
      assert.match(log, /web stopped/);
      return `in ${seconds.toFixed(2)} s`;
    }),
  );

  await step('a stopped container starts again', () =>
    withContainer(context, demo.image, { run }, async (container) => {
      await container.get();
      await container.stop();
      await container.start();
      await container.get();
    }),
  );

  await step('it runs without a mounted volume', () =>
    withContainer(context, demo.image, {}, async (container) => {
      assert.match(await container.get(), /copied into the data volume/);
    }),
  );
}
