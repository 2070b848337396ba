/** The stacks of `new --stack`: each is built as it comes out, asked, and overridden. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { withContainer } from '../docker.mjs';
import { twoAtATime } from '../parallel.mjs';
import { buildProject, built, freshVolume, imageName, makinaImage, writeOverride } from '../project.mjs';

/** Of each stack: what more is true of its container. A note is left where there is a form. */
const STACKS = {
  django: async ({ ask, leave, container, data }) => {
    assert.match(await container.get('/static/admin/css/base.css'), /color/);
    assert.match((await ask('/admin/')).body, /Log in/);
    const other = http.get(`http://${await container.address()}`, { headers: { host: 'other.example.com' } });
    assert.equal((await once(other, 'response'))[0].resume().statusCode, 400);
    await leave((await ask('/')).body.match(/name="csrfmiddlewaretoken" value="([^"]+)"/)[1]);
    assert.match(readFileSync(join(data, 'data/db.sqlite3'), 'latin1'), /a <note>/);
    assert.equal((await container.logs()).match(/Applying notes.0001_initial... OK/g).length, 1);
  },
  'python-wsgi': withNotes,
  'python-asgi': async (page) => {
    const { message, socket } = await opened(await page.container.address());
    await withNotes(page);
    assert.equal(await message, 'a <note>');
    socket.destroy();
  },
  php: async (page) => {
    await withNotes(page);
    for (const path of ['/none', '/none.php', '/static/style.css/x.php', '/../notes.php'])
      assert.equal((await page.ask(path)).status, 404, path);
  },
  node: withNotes,
  static: async ({ ask, container, data }) => {
    assert.match(await container.get('/'), /<title>It works/);
    writeFileSync(join(data, 'data/files/note.txt'), 'a <note>');
    assert.equal(await container.get('/files/note.txt'), 'a <note>');
    assert.equal((await ask('/none')).status, 404);
    const programs = (await container.processes()).map(({ command }) => command);
    assert.deepEqual(
      programs.filter((command) => /python|node|php/.test(command) && !/circus|runner/.test(command)),
      [],
    );
  },
};

/** Opens the WebSocket `/live`. Returns the promise of its first message, and its socket. */
async function opened(address) {
  const key = randomBytes(16).toString('base64');
  const headers = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': 13,
    'sec-websocket-key': key,
  };
  const [response, socket] = await once(http.get(`http://${address}/live`, { headers }), 'upgrade');
  assert.equal(response.statusCode, 101);
  // Two bytes come before a short text.
  return { message: once(socket, 'data').then(([bytes]) => bytes.subarray(2).toString()), socket };
}

/** Leaves a note, and asks for a file that nginx serves itself. */
async function withNotes({ leave, container }) {
  await leave();
  assert.match(await container.get('/static/style.css'), /margin/);
}

export async function stackSteps(context) {
  const base = await context.step('a base image that trusts the certificates of this machine', () => trusting(context));
  if (!base) return;
  const projects = await twoAtATime(Object.keys(STACKS), (stack) => buildStep({ ...context, base }, stack));
  await twoAtATime(projects.filter(Boolean), (project) => serveSteps(context, project));
}

/** What `up --certificate` makes: pip and npm of the builds trust it. */
async function trusting({ docker, work, base, options }) {
  if (!options.certificates) return base;
  const folder = join(work, 'trusting');
  mkdirSync(folder);
  copyFileSync(options.certificates, join(folder, 'e2e.crt'));
  const lines = [
    `FROM ${base}`,
    'COPY e2e.crt /usr/local/share/ca-certificates/',
    'RUN update-ca-certificates',
    'ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
  ];
  writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
  const image = imageName('makina-image-e2e/trusting');
  built.push(image);
  await docker(['build', '--tag', image, folder]);
  return image;
}

/** Makes a project on a stack, builds it, and runs the command of its README that tests the application. Returns it. */
function buildStep({ docker, step, work, base }, stack) {
  return step(`the stack ${stack} builds, and its own tests pass in its image`, async () => {
    const name = `e2e${stack.replaceAll('-', '')}`;
    const folder = join(work, name);
    await makinaImage('new', name, '--yes', '--destination', folder, '--stack', stack, '--base-image', base);
    await buildProject(docker, folder, imageName(name));
    const readme = readFileSync(join(folder, 'project/app/README.md'), 'utf8');
    const [, command] = readme.match(/^docker run --rm \S+ (.+)$/m);
    await docker(['run', '--rm', imageName(name), ...command.split(' ')]);
    return { name, image: imageName(name), folder, stack };
  });
}

async function serveSteps(context, project) {
  const { step } = context;
  const { name, stack, image } = project;
  const { data, run } = freshVolume(project);
  const [page, note] = stack === 'static' ? ['/settings.json', '/files/note.txt'] : ['/', '/'];
  await step(`the stack ${stack} serves its page, keeps a note, and takes an override`, () =>
    withContainer(context, image, { run }, async (container) => {
      assert.match(await container.get(page, 60), /It works/);
      await STACKS[stack]({ ...(await visitor(container)), container, data });
      writeOverride(name, data, { app: { greeting: 'Hello <you>' } });
      await container.exec(`/srv/projects/${name}/project/launch.sh`, 'reconfigure');
      assert.match(await container.get(page, 60), HELLO);
      // Docker's own check comes every 30 seconds.
      await container.exec('makina', 'ready');
      assert.equal((await container.stop()).code, 0);
    }),
  );
  await step(`the stack ${stack} finds its volume again, with fewer rights`, () =>
    withContainer(context, image, { run: [...run, ...fewer(name)] }, async (container) => {
      assert.match(await container.get(page, 60), HELLO);
      assert.match(await container.get(note), NOTE);
      if (stack === 'django') assert.match(await container.logs(), /No migrations to apply/);
      assert.equal((await container.stop()).code, 0);
    }),
  );
}

const HELLO = /Hello (&lt;|<)you(&gt;|>)/;
const NOTE = /a (&lt;|<)note(&gt;|>)/;

/** As the README of a project has it. */
function fewer(name) {
  const memory = ['/run', '/tmp', '/var/lib/nginx', `/etc/makina-projects/${name}`, '/var/cache/salt'];
  const rights = ['CHOWN', 'DAC_OVERRIDE', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETUID'];
  return [
    '--read-only',
    ...memory.flatMap((folder) => ['--tmpfs', folder]),
    ...['--cap-drop', 'ALL', ...rights.flatMap((right) => ['--cap-add', right])],
    ...['--security-opt', 'no-new-privileges'],
  ];
}

/** Gets pages, and leaves a note, as a browser would. */
async function visitor(container) {
  const url = `http://${await container.address()}`;
  let cookie = '';
  const ask = async (path, options = {}) => {
    const response = await fetch(url + path, { ...options, headers: { cookie, ...options.headers } });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return { status: response.status, body: await response.text() };
  };
  const leave = async (token = '') => {
    const body = new URLSearchParams({ text: 'a <note>', csrfmiddlewaretoken: token });
    const { status, body: text } = await ask('/', {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: { origin: url },
    });
    assert([302, 303].includes(status), `a note is answered with ${status}: ${text}`);
    assert.match(await container.get('/'), /<li>a &lt;note&gt;/);
  };
  return { ask, leave };
}
