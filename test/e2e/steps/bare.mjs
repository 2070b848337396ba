import assert from 'node:assert/strict';
import { withContainer } from '../docker.mjs';
import { makeProject } from '../project.mjs';

/** Projects with little in them. */
export async function bareSteps(context) {
  const { step } = context;

  await step('a project with nothing in it builds and runs', async () => {
    const { name } = await makeProject(context, 'e2ebare', { demo: false });
    await withContainer(context, name, { run: ['--health-interval', '1s'] }, async (container) => {
      await assert.rejects(container.get('/', 3), /ECONNREFUSED|other side closed|ECONNRESET/);
      const { code, seconds } = await container.stop();
      assert.equal(code, 0);
      assert(seconds < 5, `the stop took ${seconds.toFixed(1)} s`);
    });
  });

  await step('a project with static files alone serves them', async () => {
    const answers = {
      demo: false,
      volumes: ['/srv/media'],
      seeds: { media: { source: 'media', target: '/srv/media/site', mode: '0644', group: 'www-data' } },
      vhosts: {
        'www.example.org': {
          aliases: ['example.org'],
          default_server: true,
          locations: { '/media/': { alias: '/srv/media/site/' } },
        },
      },
    };
    const files = { 'project/media/sub/page.html': 'from the seeded folder' };
    const { name } = await makeProject(context, 'e2estatic', answers, files);
    await withContainer(context, name, {}, async (container) => {
      assert.equal(await container.get('/media/sub/page.html'), 'from the seeded folder');
      assert.equal(await container.exec('stat', '-c', '%U:%G %a', '/srv/media/site/sub'), `${name}-user:www-data 755`);
    });
  });
}
