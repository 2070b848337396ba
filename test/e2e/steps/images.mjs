import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { withContainer } from '../docker.mjs';
import { asker, fixtureImage, gone, running, served } from '../fixture-images.mjs';
import { freshFolder } from '../project.mjs';

/** Three images of the kind that the model is made for: each from its answers file alone, then its own files beside them. */
export async function imageSteps(context) {
  await registrySteps(context, await fixtureImage(context, 'dockerregistry'));
  await flaskSteps(context, await fixtureImage(context, 'flask'));
  await odooSteps(context, await fixtureImage(context, 'odoo'));
}

/** What the image's HEALTHCHECK runs every 30 seconds. */
const HEALTHCHECK = '/srv/projects/dockerregistry/project/.salt/runtime/bin/healthcheck.py';
const CHECKED = ['/etc/makina-projects/dockerregistry/circus/programs', '/run/mc_launcher.launched', '/run/nginx.pid'];

async function registrySteps(context, project) {
  if (!project) return;
  const vhost = 'registry.example.com';
  await context.step('dockerregistry: every location answers, every process is there', () =>
    withContainer(context, project.image, {}, async (container) => {
      const ask = asker(container, vhost);
      const { http_secret, users } = project.answers.app;
      const v2 = await served(ask, '/v2/');
      assert.equal(v2.headers['docker-distribution-api-version'], 'registry/2.0');
      assert.deepEqual(v2.json(), { path: '/v2/', redis: '+PONG', secret: http_secret, host: vhost });
      assert.deepEqual((await ask('/authserver/token?service=x')).json(), {
        path: '/token?service=x',
        users: Object.keys(users),
        issuer: 'Acme auth server',
      });
      const root = await ask('/');
      assert.deepEqual([root.status, new URL(root.headers.location, 'http://x').pathname], [301, '/v2/']);
      assert.equal((await ask('/v2/', { 'user-agent': 'docker/1.5.0' })).status, 404);
      assert.equal((await ask('/v2/', { host: 'docker.example.com' })).status, 200);
      await running(container, [/^redis-server 127/, /bin\/registry /, /bin\/auth_server /, /^nginx: master/]);
      assert.equal(
        await container.exec('stat', '-c', '%U %a', '/srv/projects/dockerregistry/data/data/registry'),
        'dockerregistry-user 750',
      );
      assert.match(
        await container.exec('cat', '/etc/makina-projects/dockerregistry/circus/circusd.ini'),
        /^schedule = 30 3 \* \* 0$/m,
      );
      await container.exec('/srv/apps/circus/venv/bin/python', '-I', '-S', HEALTHCHECK, ...CHECKED);
      return gone(container);
    }),
  );
}

async function flaskSteps(context, project) {
  if (!project) return;
  const data = freshFolder(join(context.work, 'flask-data-'));
  const run = ['--volume', `${data}:/srv/projects/flask/data`];
  const start = (use) => withContainer(context, project.image, { run }, use);
  await context.step('flask: every location answers, the database is made first, once for each start', () =>
    start(async (container) => {
      const ask = asker(container, 'flask.example.com');
      assert.deepEqual((await served(ask, '/a/page')).json(), {
        path: '/a/page',
        module: 'app',
        secret: project.answers.app.secret_key,
        debug: false,
        runs: 1,
      });
      const css = await ask('/static/site.css');
      assert.match(css.body, /teal/);
      assert.equal(css.headers['cache-control'], 'max-age=604800');
      assert.equal((await ask('/admin/')).status, 403);
      assert.equal((await ask('/private/')).status, 401);
      const authorization = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
      assert.equal((await ask('/private/x', { authorization })).json().path, '/private/x');
      await running(container, [/gunicorn -k sync/, /^nginx: master/]);
      assert.match(readFileSync(join(data, 'data/log/app.log'), 'utf8'), /asked for \/a\/page\n/);
      return gone(container);
    }),
  );
  await context.step('flask: a second start finds its volume as it was', () =>
    start(async (container) => assert.equal((await served(asker(container, 'flask.example.com'), '/')).json().runs, 2)),
  );
}

async function odooSteps(context, project) {
  if (!project) return;
  const data = freshFolder(join(context.work, 'odoo-data-'));
  const configuration = join(data, 'configuration');
  mkdirSync(configuration);
  const files = ['-keyout', join(configuration, 'server.key'), '-out', join(configuration, 'server.crt')];
  await execa('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=odoo',
    ...files,
  ]);
  chmodSync(join(configuration, 'server.key'), 0o600);
  const run = ['--volume', `${data}:/srv/projects/odoo/data`, '--publish', '127.0.0.1::443'];
  await context.step('odoo: every location answers over https, every process is there', () =>
    withContainer(context, project.image, { run }, async (container) => {
      const ask = asker(container, 'odoo.example.com', 443);
      const { db } = project.answers.app;
      const page = await served(ask, '/web');
      const known = { path: '/web', port: 8069, proto: 'https', odoo: 'yes', password: db.password, db: db.name };
      assert.deepEqual(page.json(), { ...known, upgrade: null });
      assert.equal(page.headers['strict-transport-security'], 'max-age=31536000');
      const poll = await ask('/longpolling/poll', { connection: 'upgrade', upgrade: 'websocket' });
      assert.deepEqual([poll.json().port, poll.json().upgrade], [8072, 'websocket']);
      assert.equal((await ask('/web/static/x.js')).headers['cache-control'], 'max-age=86400');
      const workers = new Set();
      // Until each of them listens, nginx asks the others.
      for (let tries = 0; tries < 50 && workers.size < 3; tries += 1) {
        const answers = await Promise.all(Array.from({ length: 12 }, () => ask('/workers/x')));
        for (const { port, PORT, index } of answers.map((answer) => answer.json()))
          workers.add(`${port} ${PORT} ${index}`);
        await sleep(100);
      }
      assert.deepEqual([...workers].sort(), ['8101 8101 1', '8102 8102 2', '8103 8103 3']);
      const plain = asker(container, 'odoo.example.com');
      const redirect = await plain('/web?a=b');
      assert.deepEqual([redirect.status, redirect.headers.location], [301, 'https://odoo.example.com/web?a=b']);
      const alias = await ask('/x', { host: 'www.odoo.example.com' });
      assert.deepEqual([alias.status, alias.headers.location], [301, '//odoo.example.com/x']);
      await running(container, [/^python3 server.py /, /--index 1$/, /--index 2$/, /--index 3$/, /^nginx: master/]);
      assert.match(await container.exec('/opt/wkhtmltox/bin/wkhtmltopdf'), /stand-in/);
      assert.equal(await container.exec('cat', '/etc/makina-projects/odoo/addons.txt'), 'none');
      return gone(container);
    }),
  );
}
