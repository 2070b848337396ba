/** The images that are compared: the same application and nginx, launched in different ways. */
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
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
import { release020 } from '../regenerate/project.mjs';

/** The project; the Dockerfiles beside this file name it too. */
const NAME = 'bootdemo';
const here = dirname(fileURLToPath(import.meta.url));
// Other runs may use the same engine.
const imageName = (name) => `makina-image-bench/${name}:${process.pid}`;

/**
 * Builds everything.
 * @param context `{docker, work, debian, oldDebian, options}`: 0.2.0, and what is compared with it, are built on oldDebian
 * @returns by letter `{label, image, run, greeting}`: run are options of `docker run`, greeting is in the page that it serves
 */
export async function buildImages(context) {
  const { docker, work, debian, oldDebian } = context;
  const baseFolder = await makeBase(context);
  const base = imageName('base');
  const project = await buildOn(docker, baseFolder, debian, base, join(work, NAME));
  const onOldDebian = await buildOn(docker, baseFolder, oldDebian, imageName('base-12'), join(work, `${NAME}-12`));
  const plain = await build(docker, 'plain', { BASE_IMAGE: base, PROJECT_IMAGE: project });
  const supervisord = await build(docker, 'supervisord', { PLAIN_IMAGE: plain });
  const shell = await build(docker, 'shell', { PLAIN_IMAGE: plain });
  const deploying = (salt) => build(docker, 'deploy', { PROJECT_IMAGE: project, SALT_CALL: salt });
  const stock = await deploying('/srv/makina-states/venv/bin/salt-call');
  const ours = await deploying('/srv/makina-states/bin/salt-call');
  const greeting = 'It works';
  const other = 'Something else';
  return {
    a: { label: 'this image, nothing changed', image: project, run: [], greeting },
    b: { label: 'this image, pillar changed', image: project, ...withOverride(join(work, 'data'), other) },
    c: { label: 'supervisord', image: supervisord, run: [], greeting },
    d: { label: 'tini and a shell script', image: shell, run: [], greeting },
    e: { label: 'a whole deployment, then circus', image: stock, run: [], greeting },
    f: { label: "the same with this base's salt-call", image: ours, run: [], greeting },
    g: {
      label: '0.2.0, pillar changed',
      image: await buildOld(context),
      ...withOverride(join(work, 'data-0.2'), other),
    },
    h: { label: 'this image, as g on Debian 12', image: onOldDebian, ...withOverride(join(work, 'data-12'), other) },
  };
}

/** Builds the base image on a Debian, and a new project in a folder on it; returns the name of the project's image. */
async function buildOn(docker, baseFolder, debian, base, folder) {
  await buildBase(docker, baseFolder, debian, base);
  const image = imageName(basename(folder));
  await makinaImage('new', NAME, '--yes', '--destination', folder, '--base-image', base);
  await buildProject(docker, folder, image);
  return image;
}

/** Builds one of the folders beside this file; returns the name of the image. */
async function build(docker, name, buildArguments) {
  const image = imageName(`${name}${built.length}`);
  const args = Object.entries(buildArguments).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  built.push(image);
  await docker(['build', ...args, ...proxies(), '--tag', image, join(here, name)], { timeout: 600_000 });
  return image;
}

/** Builds the same project with packed 0.2.0, on the base image of that release; returns the name of the image. */
async function buildOld({ docker, work, oldDebian, options }) {
  const bin = join(release020(join(work, 'release-0.2')), 'dist/makina-image.cjs');
  const old = (...args) => execa('node', [bin, ...args], { stdin: 'ignore', timeout: 60_000 });
  const baseFolder = join(work, 'base-0.2');
  const base = imageName('base-0.2');
  await old('base', baseFolder);
  if (options.certificates) copyFileSync(options.certificates, join(baseFolder, 'certs/bench.crt'));
  await buildBase(docker, baseFolder, oldDebian, base);
  const folder = join(work, `${NAME}-0.2`);
  const image = imageName(`${NAME}-0.2`);
  await old('new', NAME, '--yes', '--destination', folder, '--base-image', base);
  await buildProject(docker, folder, image);
  return image;
}

/** A new data volume with an override that changes the greeting. */
function withOverride(data, greeting) {
  const file = join(data, 'configuration/pillar.sls');
  mkdirSync(data);
  chmodSync(data, 0o755);
  writeFile(file, override(NAME, { app: { greeting } }));
  chmodSync(file, 0o600);
  return { run: dataVolume({ name: NAME, data }), greeting };
}
