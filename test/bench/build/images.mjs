/** The projects whose rebuilds are compared: each is one and the same application. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { built, makinaImage, proxies } from '../../e2e/project.mjs';
import { release020 } from '../regenerate/project.mjs';

const NAME = 'builddemo';
/** Files of code beside the demo's, and the bytes of each. */
const FILES = 200;
const BYTES = 5000;
const here = dirname(fileURLToPath(import.meta.url));
const ANSWERS = {
  packages: ['curl', 'jq', 'imagemagick'],
  virtualenvs: { web: { requirements: 'requirements.txt' } },
};
// Other runs may use the same engine.
const imageName = (name) => `makina-image-bench/${name}:${process.pid}`;

/**
 * Writes the projects and builds what they stand on.
 * @param context `{docker, work, debian, oldDebian, certificates}`: without oldDebian the project of 0.2.0 is left out
 * @returns by letter `{label, file, size, image, build}`: the file of code that is edited, the bytes of all files, and the name of
 *   the image and what builds it, with BuildKit or without
 */
export async function prepareProjects({ docker, work, debian, oldDebian, certificates }) {
  const base = join(work, 'base');
  await makinaImage('base', base);
  const project = join(work, 'ours');
  await makinaImage('new', NAME, '--yes', '--destination', project, '--answers', answersFile(work, {}));
  addCode(join(project, 'project'));

  const byHand = join(work, 'by-hand');
  mkdirSync(byHand);
  cpSync(join(project, 'project/app'), join(byHand, 'app'), { recursive: true });
  copyFileSync(join(project, 'project/launch.sh'), join(byHand, 'launch.sh'));
  addCode(byHand);
  copyFileSync(join(here, 'hand-written.Dockerfile'), join(byHand, 'Dockerfile'));

  const images = {
    a: await trusting(await buildBase(base, debian, 'base'), 'trusting'),
    b: await trusting(debian, 'trusting-debian'),
  };
  const subject = (letter, label, folder, file, dockerfile) => ({
    label,
    file: join(folder, file),
    /** The bytes of all its files. */
    size: () => readdirSync(folder, { recursive: true }).reduce((sum, path) => sum + sizeOf(join(folder, path)), 0),
    image: (kit) => imageName(`${letter}-${kit ? 'buildkit' : 'legacy'}`),
    build(kit) {
      const args = ['build', '--build-arg', `BASE_IMAGE=${images[letter]}`, ...pip(), ...proxies()];
      built.push(this.image(kit));
      return docker([...args, '--tag', this.image(kit), '--file', join(folder, dockerfile), folder], {
        timeout: 900_000,
        env: { DOCKER_BUILDKIT: kit ? '1' : '0' },
      });
    },
  });
  const subjects = {
    a: subject('a', 'this project', project, 'project/app/server.py', 'project/Dockerfile'),
    b: subject('b', 'a Dockerfile written by hand', byHand, 'app/server.py', 'Dockerfile'),
  };
  if (oldDebian) subjects.c = await ofOldRelease();
  return subjects;

  async function ofOldRelease() {
    const bin = join(release020(work), 'dist/makina-image.cjs');
    const old = (...args) => execa('node', [bin, ...args], { stdin: 'ignore' });
    const baseFolder = join(work, 'base-0.2');
    await old('base', baseFolder);
    const folder = join(work, 'ours-0.2');
    await old('new', NAME, '--yes', '--destination', folder, '--answers', answersFile(work, {}));
    addCode(join(folder, 'project'));
    images.c = await trusting(await buildBase(baseFolder, oldDebian, 'base-0.2'), 'trusting-0.2');
    return subject('c', 'a project of 0.2.0', folder, 'project/app/server.py', 'project/Dockerfile');
  }

  async function buildBase(folder, from, name) {
    if (certificates) copyFileSync(certificates, join(folder, 'certs/bench.crt'));
    const args = [
      'build',
      '--build-arg',
      `DEBIAN_IMAGE=${from}`,
      ...pip(),
      ...proxies(),
      '--tag',
      imageName(name),
      folder,
    ];
    built.push(imageName(name));
    await docker(args, { timeout: 900_000 });
    return imageName(name);
  }

  /** An image that trusts the certificates of this machine, for what pip fetches. */
  async function trusting(from, name) {
    if (!certificates) return from;
    const folder = join(work, name);
    mkdirSync(folder);
    copyFileSync(certificates, join(folder, 'bench.crt'));
    const lines = [
      `FROM ${from}`,
      'RUN test -x /usr/sbin/update-ca-certificates || { apt-get update && apt-get install -y --no-install-recommends ca-certificates; }',
      'COPY bench.crt /usr/local/share/ca-certificates/',
      'RUN update-ca-certificates',
    ];
    writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
    built.push(imageName(name));
    await docker(['build', ...proxies(), '--tag', imageName(name), folder], { timeout: 300_000 });
    return imageName(name);
  }
}

function answersFile(work, more) {
  const file = join(work, 'answers.json');
  writeFileSync(file, JSON.stringify({ ...ANSWERS, ...more }));
  return file;
}

const sizeOf = (path) => (statSync(path).isFile() ? statSync(path).size : 0);

/** The code of an application of a usual size. */
function addCode(folder) {
  writeFileSync(join(folder, 'requirements.txt'), 'gunicorn==23.0.0\n');
  mkdirSync(join(folder, 'app/lib'), { recursive: true });
  for (let number = 0; number < FILES; number += 1)
    writeFileSync(
      join(folder, `app/lib/module${number}.py`),
      `# ${number}\n`.padEnd(BYTES, '# The code of a module.\n'),
    );
}

const pip = () =>
  ['PIP_INDEX_URL', 'PIP_DEFAULT_TIMEOUT'].filter((name) => process.env[name]).flatMap((name) => ['--build-arg', name]);
