/** Projects as a user makes them: written by the generator's own command, then built. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { checkout } from './machine.mjs';

/** The override pillar in a data folder. */
export const OVERRIDE = 'configuration/pillar.sls';

/** Runs the command `makina-image`. */
export async function makinaImage(...args) {
  await execa('node', [join(checkout, 'dist/makina-image.cjs'), ...args], { stdin: 'ignore', timeout: 60_000 });
}

/** The image of a name in this run alone: other runs may use the same engine. */
export function imageName(name) {
  return `${name}:e2e-${process.pid}`;
}

/**
 * Writes a project, or brings the one that is there to other answers, and builds its image.
 * @param answers those beside the name, @param files more files of the project, or others, by path
 * @param image the name of the image
 * @returns `{name, image, folder, data}`: the project, its image, its folder and its data folder
 */
export async function makeProject({ work, docker, base }, name, answers = {}, files = {}, image = imageName(name)) {
  const folder = join(work, name);
  const answersFile = join(work, `${name}.json`);
  writeFileSync(answersFile, JSON.stringify({ base_image: base, ...answers }));
  await makinaImage('new', name, '--yes', '--destination', folder, '--answers', answersFile);
  for (const [path, content] of Object.entries(files)) writeFile(join(folder, path), content);
  await buildProject(docker, folder, image);
  return { name, image, folder, data: join(folder, 'data') };
}

/**
 * Makes a project for the first step that needs it.
 * @returns a function that returns the promise of makeProject, so that each step that needs the project fails without it
 */
export function lazyProject(...args) {
  let project;
  return () => {
    project ??= makeProject(...args);
    return project;
  };
}

/** The images that were built. */
export const built = [];

/** Writes the base image's folder; `options.certificates` is a file of certificates to trust while it is built. Returns it. */
export async function makeBase({ work, options }) {
  const folder = join(work, 'base');
  await makinaImage('base', folder);
  if (options.certificates) copyFileSync(options.certificates, join(folder, 'certs/e2e.crt'));
  return folder;
}

/** Builds the base image from its folder, on a Debian image. Returns all that docker printed. */
export async function buildBase(docker, folder, debian, image, env = {}) {
  built.push(image);
  const args = [
    'build',
    '--build-arg',
    `DEBIAN_IMAGE=${debian}`,
    ...packageIndex(),
    ...proxies(),
    '--tag',
    image,
    folder,
  ];
  return (await docker(args, { timeout: 900_000, env })).all;
}

/** Builds the image of a project, with the command of its README and perhaps more options. Returns what Docker printed. */
export async function buildProject(docker, folder, image, env = {}, options = []) {
  const args = [
    'build',
    ...packageIndex(),
    ...proxies(),
    ...options,
    '--tag',
    image,
    '--file',
    join(folder, 'project/Dockerfile'),
    folder,
  ];
  built.push(image);
  return (await docker(args, { timeout: 600_000, env })).all;
}

/** Build arguments that hand on where pip of this machine finds packages. */
function packageIndex() {
  const names = ['PIP_INDEX_URL', 'PIP_DEFAULT_TIMEOUT'];
  return names.filter((name) => process.env[name]).flatMap((name) => ['--build-arg', name]);
}

/** Build arguments that hand on the proxy of this machine, if it has one. */
export function proxies() {
  const names = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  return names.filter((name) => process.env[name]).flatMap((name) => ['--build-arg', name]);
}

/** The options of `docker run` that the README names: the data folder as a volume. */
export function dataVolume({ name, data }) {
  return ['--volume', `${data}:/srv/projects/${name}/data`];
}

/** A fresh and empty data volume of a project: its folder, and the options of `docker run` that mount it. */
export function freshVolume({ name, folder }) {
  const data = freshFolder(`${folder}-data-`);
  return { data, run: dataVolume({ name, data }) };
}

/** A new folder that all may enter. */
export function freshFolder(prefix) {
  const folder = mkdtempSync(prefix);
  chmodSync(folder, 0o755);
  return folder;
}

/** Writes the override pillar of a data folder, for root alone. */
export function writeOverride(name, dataFolder, data) {
  writeFile(join(dataFolder, OVERRIDE), override(name, data));
  chmodSync(join(dataFolder, OVERRIDE), 0o600);
}

/** The override pillar of a project, as the text of its file (JSON is YAML). */
export function override(name, data) {
  return JSON.stringify({ [`makina-projects.${name}`]: { data } });
}

/** Writes a file, and the folders above it. */
export function writeFile(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
