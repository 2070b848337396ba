/** The images that are compared: the same application and nginx, launched in different ways. */
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  buildBase,
  buildProject,
  built,
  dataVolume,
  makeBase,
  makinaImage,
  override,
  proxies,
  writeFile,
} from '../../e2e/project.mjs';

/** The project; the Dockerfiles beside this file name it too. */
const NAME = 'bootdemo';
const here = dirname(fileURLToPath(import.meta.url));
// Other runs may use the same engine.
const imageName = (name) => `makina-image-bench/${name}:${process.pid}`;

/**
 * Builds everything.
 * @param context `{docker, work, debian, options}`
 * @returns by letter `{label, image, run, greeting}`: run are options of `docker run`, greeting is in the page that it serves
 */
export async function buildImages(context) {
  const { docker, work, debian } = context;
  const base = imageName('base');
  await buildBase(docker, await makeBase(context), debian, base);
  const folder = join(work, NAME);
  const project = imageName(NAME);
  await makinaImage('new', NAME, '--yes', '--destination', folder, '--base-image', base);
  await buildProject(docker, folder, project);
  const plain = await build(docker, 'plain', { BASE_IMAGE: base, PROJECT_IMAGE: project });
  const supervisord = await build(docker, 'supervisord', { PLAIN_IMAGE: plain });
  const shell = await build(docker, 'shell', { PLAIN_IMAGE: plain });
  const deploying = (salt) => build(docker, 'deploy', { PROJECT_IMAGE: project, SALT_CALL: salt });
  const stock = await deploying('/srv/makina-states/venv/bin/salt-call');
  const ours = await deploying('/srv/makina-states/bin/salt-call');
  const greeting = 'It works';
  return {
    a: { label: 'this image, nothing changed', image: project, run: [], greeting },
    b: { label: 'this image, pillar changed', image: project, ...withOverride(work, 'Something else') },
    c: { label: 'supervisord', image: supervisord, run: [], greeting },
    d: { label: 'tini and a shell script', image: shell, run: [], greeting },
    e: { label: 'a whole deployment, then circus', image: stock, run: [], greeting },
    f: { label: "the same with this base's salt-call", image: ours, run: [], greeting },
  };
}

/** Builds one of the folders beside this file; returns the name of the image. */
async function build(docker, name, buildArguments) {
  const image = imageName(`${name}${built.length}`);
  const args = Object.entries(buildArguments).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  built.push(image);
  await docker(['build', ...args, ...proxies(), '--tag', image, join(here, name)], { timeout: 600_000 });
  return image;
}

/** A data volume with an override that changes the greeting. */
function withOverride(work, greeting) {
  const data = join(work, 'data');
  const file = join(data, 'configuration/pillar.sls');
  mkdirSync(data);
  chmodSync(data, 0o755);
  writeFile(file, override(NAME, { app: { greeting } }));
  chmodSync(file, 0o600);
  return { run: dataVolume({ name: NAME, data }), greeting };
}
