import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withContainer } from '../docker.mjs';
import { asker, FIXTURES, fixtureImage, gone, running, served } from '../fixture-images.mjs';
import { freshFolder } from '../project.mjs';

/** Three images that say all they need in fields of the model: no `raw`, no wrapper around a command, no Salt step of their own. */
export async function escapeSteps(context) {
  await forumSteps(context, await fixtureImage(context, 'forum'));
  await platformSteps(context, await fixtureImage(context, 'platform'));
  await gatewaySteps(context, await fixtureImage(context, 'gateway'));
}

async function forumSteps(context, project) {
  if (!project) return;
  const data = freshFolder(join(context.work, 'forum-data-'));
  const run = ['--volume', `${data}:/srv/projects/forum/data`];
  await context.step('forum: two processes at sockets, a name for each team, assets with a version', () =>
    withContainer(context, project.image, { run }, async (container) => {
      const ask = asker(container, 'red.forum.example.com');
      assert.equal((await served(ask, '/t/12')).json().path, '/topics/12');
      const sockets = new Set();
      // nginx leaves a process out for ten seconds that was asked before it listened.
      for (const end = performance.now() + 20_000; sockets.size < 2 && performance.now() < end; await sleep(100)) {
        const page = (await ask('/')).json();
        assert.deepEqual([page.team, page.version], ['red', '2024-11']);
        sockets.add(page.socket);
      }
      assert.deepEqual([...sockets].sort(), ['/run/forum/web-1.sock', '/run/forum/web-2.sock']);
      assert.equal((await ask('/old/a?b=c')).headers.location, '/new/a?b=c');
      assert.equal((await ask('/', { 'accept-encoding': 'gzip' })).headers['content-encoding'], 'gzip');
      const css = await ask('/assets/current/css/site.css', { 'accept-encoding': 'gzip' });
      assert.deepEqual([css.status, css.headers['content-encoding']], [200, 'gzip']);
      assert.match(css.headers['cache-control'], /max-age=315360000/);
      assert.match((await ask('/assets/2024-11/')).body, /hook\.sh/);
      const rights = ['stat', '-c', '%U:%G %a', '/srv/projects/forum/data/data/uploads', '/run/forum'];
      assert.equal(await container.exec(...rights), 'forum:forum 2770\nforum:www-data 2750');
      await running(container, [/^node server.js .*web-1/, /^node server.js .*web-2/]);
      await logged(container, /^web\[1\] listens on \/run\/forum\/web-1\.sock$/m);
      return gone(container);
    }),
  );
}

async function platformSteps(context, project) {
  if (!project) return;
  const data = freshFolder(join(context.work, 'platform-data-'));
  const license = join(FIXTURES, 'platform/license');
  const run = ['--volume', `${data}:/srv/projects/platform/data`, '--volume', `${license}:/run/secrets/license:ro`];
  const start = (use) => withContainer(context, project.image, { run }, use);
  let key;
  await context.step('platform: five programs with secrets that the first start draws', () =>
    start(async (container) => {
      const ask = asker(container, 'platform.example.com');
      const page = (await served(ask, '/')).json();
      key = page.key;
      assert.deepEqual([page.length, page.license, page.umask], [64, 'a license', '0007']);
      assert.equal(page.migrated, '$1\r\n2');
      await logged(container, /^worker\[2\] works$/m);
      const log = await logged(container, /starts\\"/);
      const line = JSON.parse(log.split('\n').find((each) => each.includes('starts\\"')));
      assert.deepEqual([line.program, line.wid, line.stream, line.message], ['web', 1, 'stdout', '{"starts": "web"}']);
      const secret = readFileSync(join(data, 'secrets/store'), 'utf8');
      assert.match(secret, /^[A-Za-z0-9]{32}$/);
      assert(!log.includes(secret), 'a secret is in the log');
      await running(container, [/^redis-server /, /platform.py web$/, /platform.py worker$/, /platform.py scheduler$/]);
      return gone(container);
    }),
  );
  await context.step(
    'platform: a second start has the same secrets until one is rotated, and leaves what the scheduler wrote',
    () =>
      start(async (container) => {
        const ask = asker(container, 'platform.example.com');
        assert.equal((await served(ask, '/')).json().key, key);
        assert.equal(readFileSync(join(data, 'data/limits.json'), 'utf8'), '{"requests": 20}');
        await container.exec('makina', 'rotate-secret', 'session_key');
        assert.notEqual((await served(ask, '/')).json().key, key);
      }),
  );
}

async function gatewaySteps(context, project) {
  if (!project) return;
  const { docker } = context;
  const network = `makina-image-e2e-${process.pid}`;
  const backend = readFileSync(join(FIXTURES, 'gateway/backend.py'), 'utf8');
  /** Runs a container that answers under a name of the network. */
  const withBackend = (name, use) => {
    const run = ['--network', network, '--network-alias', name, '--hostname', name, '--entrypoint', 'python3'];
    return withContainer(context, context.base, { run, command: ['-c', backend] }, use);
  };
  await context.step('gateway: backends by their names, and the client that the proxy tells of', async () => {
    await docker(['network', 'create', network]);
    try {
      await withContainer(context, project.image, { run: ['--network', network] }, async (container) => {
        const ask = asker(container, 'gateway.example.com');
        const proxied = {
          'x-forwarded-for': '192.0.2.7',
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'shop.example',
        };
        // It starts without its backends.
        assert.match((await served(ask, '/docs/')).body, /readme\.txt/);
        assert.equal((await ask('/api/x', proxied)).status, 502);
        await withBackend('api', () =>
          withBackend('media', async () => {
            const api = (await served((path) => ask(path, proxied), '/v1/orders?page=2')).json();
            assert.deepEqual(api, {
              path: '/orders?page=2',
              name: 'api',
              Host: 'shop.example',
              'X-Real-IP': '192.0.2.7',
              'X-Forwarded-For': '192.0.2.7',
              'X-Forwarded-Proto': 'https',
              'X-Forwarded-Host': 'shop.example',
              'X-Bot': 'no',
              'X-Office': 'yes',
            });
            assert.equal((await served((path) => ask(path, proxied), '/media/a%2Fb')).json().path, '/media/a%2Fb');
            assert.equal((await ask('/admin/', proxied)).status, 200);
            assert.equal((await ask('/admin/', { ...proxied, 'x-forwarded-for': '198.51.100.1' })).status, 403);
          }),
        );
        const plain = await ask('/docs/', { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'shop.example' });
        assert.deepEqual([plain.status, plain.headers.location], [301, 'https://shop.example/docs/']);
        const log = await logged(container, /^\{.*\/v1\/orders/m);
        const line = log.split('\n').find((each) => each.startsWith('{') && each.includes('/v1/orders'));
        assert.equal(JSON.parse(line).remote_addr, '192.0.2.7');
        return gone(container);
      });
    } finally {
      await docker(['network', 'rm', network]);
    }
  });
}

/** The log of a container once it has a line, which its writer may be late with. */
async function logged(container, line) {
  for (let tries = 0; ; tries += 1) {
    const log = await container.logs();
    if (line.test(log)) return log;
    assert(tries < 100, `no line ${line} in the log:\n${log}`);
    await sleep(100);
  }
}
