import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { withContainer } from '../docker.mjs';
import { dataVolume, makeProject, override, writeFile } from '../project.mjs';

const NAME = 'e2epillar';
const everywhere = (value, keys) => Object.fromEntries(keys.map((key) => [key, value]));

/** One setting per source that has the last word about it. */
const answers = {
  app: {
    ...everywhere('PILLAR.sample', ['sample', 'custom', 'builtin', 'override']),
    tree: { kept: 1, changed: 1 },
    list: [1, 2, 3],
    path: '{data_root}/{name}',
  },
};
const files = {
  'custom.sls': override(NAME, { app: everywhere('custom.sls', ['custom', 'builtin', 'override']) }),
  'pillar/init.sls': override(NAME, {
    app: { ...everywhere('pillar/init.sls', ['builtin', 'override']), greeting: 'Built in' },
  }),
};

/** Which settings count, and that the override of the volume is applied and taken back. */
export async function pillarSteps(context) {
  const { step } = context;
  const project = await step('a project with settings at every level builds', () =>
    makeProject(context, NAME, answers, files),
  );
  if (!project) return;
  const pillar = join(project.data, 'configuration/pillar.sls');
  const run = dataVolume(project);

  await step('PILLAR.sample < custom.sls < pillar/init.sls < the override', () =>
    withContainer(context, project.image, { run }, async (container) => {
      const builtIn = await settings(container);
      assert.deepEqual(builtIn, {
        sample: 'PILLAR.sample',
        custom: 'custom.sls',
        builtin: 'pillar/init.sls',
        override: 'pillar/init.sls',
        greeting: 'Built in',
        tree: { kept: 1, changed: 1 },
        list: [1, 2, 3],
        path: `/srv/projects/${NAME}/data/${NAME}`,
      });
      assert.match(await container.get(), /<h1>Built in<\/h1>/);
      await container.stop();

      writeFile(
        pillar,
        override(NAME, { app: { override: 'override', tree: { changed: 2 }, list: [4], greeting: 'Overridden' } }),
      );
      await container.start();
      const overridden = { override: 'override', tree: { kept: 1, changed: 2 }, list: [4], greeting: 'Overridden' };
      assert.deepEqual(await settings(container), { ...builtIn, ...overridden });
      assert.match(await container.get(), /<h1>Overridden<\/h1>/);
      await container.stop();

      rmSync(pillar);
      await container.start();
      assert.deepEqual(await settings(container), builtIn);
      assert.match(await container.get(), /<h1>Built in<\/h1>/);
    }),
  );

  await step('the override changes a program and a virtual host', () => {
    const data = {
      programs: { web: { env: { PORT: '8123' } } },
      vhosts: { localhost: { locations: { '/': { proxy_pass: 'http://127.0.0.1:8123' } } } },
    };
    writeFile(pillar, override(NAME, data));
    return withContainer(context, project.image, { run }, async (container) => {
      assert.match(await container.get(), /Built in/);
      assert.match(await container.exec('cat', `/etc/makina-projects/${NAME}/nginx/nginx.conf`), /8123/);
    });
  });

  await step('the override takes a program and a virtual host away', () => {
    writeFile(pillar, override(NAME, { programs: { web: null }, vhosts: { localhost: null } }));
    return withContainer(context, project.image, { run: [...run, '--health-interval', '1s'] }, async (container) => {
      await container.healthy();
      const processes = await container.processes();
      assert(!processes.some(({ command }) => command.includes('server.py')), 'the program runs');
      await assert.rejects(container.get('/', 0.1), /is not served/);
    });
  });
}

/** What the application reads. */
async function settings(container) {
  await container.get();
  return JSON.parse(await container.exec('cat', `/etc/makina-projects/${NAME}/app.json`));
}
