/** The stacks of `new --stack`: each is built as it comes out, asked, and overridden. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withContainer } from '../docker.mjs';
import { buildProject, built, freshVolume, imageName, makinaImage, writeOverride } from '../project.mjs';

/** Of each stack: what more has to be true of its container. `ask` and `leave` get and post a page. */
const STACKS = {
  django: async ({ container, ask, leave, data }) => {
    assert.match(await container.get('/static/admin/css/base.css'), /color/);
    assert.match((await ask('/admin/')).body, /Log in/);
    await leave((await ask('/')).body.match(/name="csrfmiddlewaretoken" value="([^"]+)"/)[1]);
    assert.match(readFileSync(join(data, 'data/db.sqlite3'), 'latin1'), /SQLite/);
  },
};

export async function stackSteps(context) {
  const base = await context.step('a base image that trusts the certificates of this machine', () => trusting(context));
  if (!base) return;
  for (const [stack, more] of Object.entries(STACKS)) await stackStep({ ...context, base }, stack, more);
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

async function stackStep(context, stack, more) {
  const { docker, step, work, base } = context;
  const name = `e2e${stack.replaceAll('-', '')}`;
  const project = { name, image: imageName(name), folder: join(work, name) };
  const isBuilt = await step(`the stack ${stack} builds, and its own tests pass in its image`, async () => {
    await makinaImage('new', name, '--yes', '--destination', project.folder, '--stack', stack, '--base-image', base);
    await buildProject(docker, project.folder, project.image);
    const readme = readFileSync(join(project.folder, 'project/app/README.md'), 'utf8');
    const [, command] = readme.match(/^docker run --rm \S+ sh -c '([^']+)'$/m);
    await docker(['run', '--rm', project.image, 'sh', '-c', command]);
    return true;
  });
  if (!isBuilt) return;
  const { data, run } = freshVolume(project);
  await step(`the stack ${stack} serves its page, keeps what is left there, and takes an override`, () =>
    withContainer(context, project.image, { run }, async (container) => {
      assert.match(await container.get('/'), /It works/);
      const page = await pageOf(container);
      await more({ ...page, container, data });
      writeOverride(name, data, { app: { greeting: 'Hello <you>' } });
      await container.exec(`/srv/projects/${name}/project/launch.sh`, 'reconfigure');
      assert.match(await container.get('/'), /Hello &lt;you&gt;/);
      await container.healthy();
      const { code } = await container.stop();
      assert.equal(code, 0);
    }),
  );
  await step(`the stack ${stack} finds its volume again, with fewer rights`, () =>
    withContainer(context, project.image, { run: [...run, ...fewer(name)] }, async (container) => {
      assert.match(await container.get('/'), /Hello &lt;you&gt;[\s\S]*a &lt;note&gt;/);
      assert.equal((await container.stop()).code, 0);
    }),
  );
}

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
async function pageOf(container) {
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
