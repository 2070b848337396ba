import assert from 'node:assert/strict';
import { withContainer } from '../docker.mjs';
import { makeProject } from '../project.mjs';

/** Projects without a program: with nothing at all, and with files that nginx serves. */
export async function bareSteps(context) {
  const { step } = context;

  await step('a project with nothing in it builds and runs', async () => {
    const { image } = await makeProject(context, 'e2ebare', { demo: false });
    await withContainer(context, image, { run: ['--health-interval', '1s'] }, async (container) => {
      await container.healthy();
      await assert.rejects(container.get('/', 0.1), /is not served/);
      assert.equal((await container.stop()).code, 0);
    });
  });

  await step('a project with files alone serves them', async () => {
    const { name, image } = await makeProject(context, 'e2efiles', answers, files);
    await withContainer(context, image, {}, async (container) => {
      assert.equal(await container.get('/media/sub/page.html'), 'from the seeded folder');
      assert.equal(await container.get('/plain/sub/page.html'), 'from the seeded folder');
      const { status } = await fetch(`http://${await container.address()}/plain../secret`);
      assert.equal(status, 404, 'a path outside of the folder is served');
      const owner = ['stat', '--format', '%U:%G %a'];
      assert.equal(await container.exec(...owner, '/srv/media/site/sub'), `${name}-user:www-data 755`);
      assert.equal(await container.exec(...owner, '/srv/media'), `${name}-user:${name}-grp 751`);
      assert.match(await container.exec('tree', '--version'), /^tree v/);
    });
  });
}

const answers = {
  demo: false,
  packages: ['tree'],
  volumes: ['/srv/media'],
  seeds: {
    media: { source: 'media', target: '/srv/media/site', mode: '0644', group: 'www-data' },
    secret: { source: 'app/README.md', target: '/srv/media/secret', mode: '0644' },
  },
  vhosts: {
    [`${'a-long-name.'.repeat(19)}example.org`]: {
      aliases: ['example.org', '*.example.org'],
      default_server: true,
      locations: { '/media/': { alias: '/srv/media/site' }, '/plain': { alias: '/srv/media/site/' } },
    },
  },
};

const files = { 'project/media/sub/page.html': 'from the seeded folder' };
