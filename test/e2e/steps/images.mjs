import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { parse } from 'yaml';
import { withContainer } from '../docker.mjs';
import { checkout } from '../machine.mjs';
import { buildProject, freshFolder, imageName, makinaImage } from '../project.mjs';

const FIXTURES = join(checkout, 'test/fixtures/images');

/** Three images of the kind that the model is made for: each from its answers file alone, then its own files beside them. */
export async function imageSteps(context) {
  await registrySteps(context, await image(context, 'dockerregistry'));
  await flaskSteps(context, await image(context, 'flask'));
  await odooSteps(context, await image(context, 'odoo'));
}

/** Generates an image in one command, adds the files of its project and builds it. */
function image({ step, docker, work, base }, name) {
  return step(`the image ${name} is generated from its answers and builds`, async () => {
    const folder = join(work, name);
    const fixture = join(FIXTURES, name);
    const answers = ['--answers', join(fixture, 'answers.yaml'), '--base-image', base];
    await makinaImage('new', name, '--yes', '--destination', folder, ...answers);
    cpSync(join(fixture, 'project'), join(folder, 'project'), { recursive: true });
    if (name === 'flask') {
      mkdirSync(join(folder, 'project/wheels'));
      await execa('python3', [join(fixture, 'make-wheel.py'), join(folder, 'project/wheels')]);
    }
    await buildProject(docker, folder, imageName(name));
    return { name, image: imageName(name), answers: parse(readFileSync(join(fixture, 'answers.yaml'), 'utf8')) };
  });
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

/** What a name answers: a function of the path and more headers that returns `{status, headers, body, json()}`. */
function asker(container, host, port = 80) {
  const published = container.docker(['port', container.id, `${port}/tcp`]);
  return async (path, headers = {}) => {
    const [address, number] = (await published).stdout.split('\n')[0].split(':');
    const secure = port === 443 ? { rejectUnauthorized: false, servername: headers.host ?? host } : {};
    const options = { host: address, port: number, path, headers: { host, ...headers }, agent: false, timeout: 5000 };
    return new Promise((resolve, reject) => {
      const request = (port === 443 ? https : http).request({ ...options, ...secure }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body, json: () => JSON.parse(body) }),
        );
      });
      request.on('timeout', () => request.destroy(new Error(`${host}${path}: no answer within 5 s`)));
      request.on('error', reject).end();
    });
  };
}

/** Asks until the answer is 200. */
async function served(ask, path) {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask(path).catch((error) => ({ status: error.message }));
    if (answer.status === 200) return answer;
    assert(tries < 200, `${path} is not served: ${answer.status} ${answer.body}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function running(container, expected) {
  const commands = (await container.processes()).map(({ command }) => command);
  const missing = expected.filter((pattern) => !commands.some((command) => pattern.test(command)));
  assert.deepEqual(missing, [], `not running, of ${commands.join('\n')}`);
}

/** Stops it as a user would. */
async function gone(container) {
  const { code, seconds } = await container.stop();
  assert.equal(code, 0);
  assert(seconds < 9, `it took ${seconds.toFixed(1)} s to stop`);
  return `stopped in ${seconds.toFixed(1)} s`;
}
