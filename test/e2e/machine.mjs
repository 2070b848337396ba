/** What the steps need of the machine: Debian packages, a Docker engine, a Debian image. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const checkout = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** The Debian versions that images are built on: the default of the base image, and the one before. */
const SUITES = { 13: 'trixie', 12: 'bookworm' };
const tarOf = (...words) => join(checkout, `.cache/e2e/debian-${words.join('-')}.tar`);

/** The docker command: Debian's first, since unlike some newer ones it has BuildKit inside. Found anew once packages are installed. */
export let DOCKER = dockerCommand();

function dockerCommand() {
  return existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
}

/**
 * Installs the Debian packages whose commands are missing.
 * @throws Error when some are missing and this is not root
 */
export async function installPackages(options, signal) {
  const wanted = { 'docker-compose': 'docker-compose', curl: 'curl' };
  if (options.only.includes('pipeline')) wanted['docker-registry'] = 'docker-registry';
  // A client alone may be there, for an engine elsewhere.
  if (!(await answers({}))) wanted['docker.io'] = 'dockerd';
  if (!Object.keys(SUITES).every((version) => options[`debian-${version}-image`])) wanted.mmdebstrap = 'mmdebstrap';
  const packages = Object.keys(wanted).filter((name) => !onPath(wanted[name]));
  if (packages.length === 0) return;
  if (process.getuid() !== 0) throw new Error(`install ${packages.join(', ')}, or run this as root`);
  const apt = { cancelSignal: signal, timeout: 300_000, env: { DEBIAN_FRONTEND: 'noninteractive' } };
  await execa('apt-get', ['update', '-q'], apt);
  await execa('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], apt);
  DOCKER = dockerCommand();
}

function onPath(command) {
  return `${process.env.PATH}:/usr/sbin:/sbin`.split(':').some((folder) => existsSync(join(folder, command)));
}

/**
 * Finds a Docker engine, or starts one with all its files below `work`.
 * @returns `env` for docker's commands, `started`, and `stop()`, which ends the engine if it was started here
 */
export async function findEngine(work, signal) {
  if (await answers({})) return { env: {}, started: false, stop: async () => {} };
  if (process.getuid() !== 0) throw new Error('no Docker engine answers; start one, or run this as root');
  const folder = join(work, 'engine');
  mkdirSync(folder);
  // Whoever is in the group of its socket may use the engine.
  chmodSync(work, 0o711);
  const env = { DOCKER_HOST: `unix://${folder}/docker.sock`, DOCKER_CONFIG: join(folder, 'config') };
  const args = ['--data-root', 'data', '--exec-root', 'exec', '--pidfile', 'dockerd.pid'].map((word, index) =>
    index % 2 ? join(folder, word) : word,
  );
  const log = openSync(join(folder, 'dockerd.log'), 'a');
  // A process group of its own: Ctrl-C must not end it before its containers are gone.
  const dockerd = spawn('dockerd', [...args, '--host', env.DOCKER_HOST], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  const ended = once(dockerd, 'close');
  const engine = { env, started: true, stop: () => stopEngine(dockerd, ended) };
  for (let tries = 0; tries < 100; tries += 1) {
    if (dockerd.exitCode !== null || signal.aborted) break;
    if (await answers(env)) return engine;
    await sleep(300);
  }
  await engine.stop();
  const reason = readFileSync(join(folder, 'dockerd.log'), 'utf8').trim().split('\n').slice(-5).join('\n');
  throw new Error(`dockerd does not answer:\n${reason}`);
}

async function answers(env) {
  const { exitCode } = await execa(DOCKER, ['version'], { env, reject: false, timeout: 10_000 });
  return exitCode === 0;
}

async function stopEngine(dockerd, ended) {
  if (dockerd.exitCode !== null) return;
  dockerd.kill('SIGTERM');
  const late = setTimeout(() => dockerd.kill('SIGKILL'), 30_000);
  await ended;
  clearTimeout(late);
}

/**
 * The image of a Debian version: the one that was named, else one made of the cached or a fresh mmdebstrap.
 * @param version 13 or 12
 * @param foreign the architecture, in Debian's words, if it is not this machine's
 * @returns its name
 */
export async function debianImage(docker, options, version, signal, foreign) {
  const named = options[`debian-${version}-image`];
  if (named) return named;
  const words = [SUITES[version], ...(foreign ? [foreign] : [])];
  const tar = tarOf(...words);
  if (!existsSync(tar)) await makeDebian(tar, words, options['debian-mirror'] ?? aptMirror(), signal);
  const image = `makina-image-e2e/debian:${words.join('-')}`;
  await docker(['import', tar, image]);
  return image;
}

async function makeDebian(tar, [suite, foreign], mirror, signal) {
  mkdirSync(dirname(tar), { recursive: true });
  const unwanted = ['man', 'doc', 'locale'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);
  const architecture = foreign ? [`--architectures=${foreign}`] : [];
  const args = ['--quiet', '--variant=minbase', ...architecture, ...unwanted, suite, `${tar}.new.tar`, mirror];
  await execa('mmdebstrap', args, { cancelSignal: signal, timeout: 600_000 });
  renameSync(`${tar}.new.tar`, tar);
}

/** The mirror that this machine's own apt sources name for one of the versions, in either of apt's two formats. It has the others too. */
function aptMirror() {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...readdirSync(folder).map((name) => join(folder, name))];
  const text = files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n\n');
  const suites = Object.values(SUITES);
  const oneLine = text.match(new RegExp(`^deb (?:\\[[^\\]]*\\] )?(\\S+) (?:${suites.join('|')}) `, 'm'));
  if (oneLine) return oneLine[1];
  for (const stanza of text.split(/\n\s*\n/)) {
    const uri = stanza.match(/^URIs:\s*(\S+)/m)?.[1];
    const ofStanza =
      stanza
        .match(/^Suites:(.*)$/m)?.[1]
        .trim()
        .split(/\s+/) ?? [];
    if (uri && suites.some((suite) => ofStanza.includes(suite))) return uri;
  }
  throw new Error(
    `no apt source of this machine names ${suites.join(' or ')}; give --debian-mirror URL or --debian-13-image NAME`,
  );
}
