import { existsSync, statfsSync } from 'node:fs';
import { isOlder } from '../package.ts';
import { findCommand, type Ran, ran } from '../system/command.ts';
import { error, type Finding, ok, warning } from './finding.ts';

/** An ARG before FROM, and a start period of HEALTHCHECK: what the Dockerfiles need. */
const OLDEST = '17.5.0';
const ROOM = 2e9;

/** As much of `docker info` as is used here. */
interface Info {
  ServerVersion?: string;
  ServerErrors?: string[];
  OSType?: string;
  DockerRootDir?: string;
  SecurityOptions?: string[] | null;
  ClientInfo?: { Plugins?: { Name: string; Version?: string }[] | null } | null;
}

/** What Docker says of itself; `info` is undefined if no engine answers. */
export interface Docker {
  answer: Ran;
  info: Info | undefined;
}

/** Asks Docker what it is. @param searchPath folders, as in PATH */
export async function askDocker(searchPath: string): Promise<Docker> {
  const answer = await ran('docker', ['info', '--format', '{{json .}}'], searchPath);
  return { answer, info: parsed(answer.stdout) };
}

function parsed(text: string): Info | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether Docker can build and run an image, and what comes with it. @param searchPath folders, as in PATH */
export function checkDocker(docker: Docker, searchPath: string): Finding[] {
  if (docker.answer.end === 'missing')
    return [
      error('docker', 'there is no docker command', 'PATH', 'install Docker: https://docs.docker.com/engine/install/'),
    ];
  return [checkEngine(docker), ...checkPlugins(docker, searchPath), ...checkRoom(docker)];
}

function checkEngine({ answer, info }: Docker): Finding {
  if (answer.end === 'late')
    return warning(
      'docker',
      'the engine does not answer in time',
      'docker info',
      'see what `docker info` does, and whether DOCKER_HOST or the Docker context is the one you mean',
    );
  if (!info?.ServerVersion) return noEngine([...(info?.ServerErrors ?? []), answer.stderr].join(' ').trim());
  const { ServerVersion, OSType } = info;
  if (OSType && OSType !== 'linux')
    return error('docker', `the engine runs ${OSType} containers`, 'docker info', 'switch it to Linux containers');
  const [major = '', minor = '0'] = ServerVersion.split('.');
  if (isOlder(`${major}.${minor}.0`, OLDEST) && /^\d+$/.test(major))
    return error(
      'docker',
      `the engine is ${ServerVersion}, and 17.05 or newer is needed`,
      'docker info',
      'update Docker: https://docs.docker.com/engine/install/',
    );
  return ok('docker', `the engine ${ServerVersion} answers`);
}

function noEngine(message: string): Finding {
  const where = /(unix|tcp|ssh|npipe|https?|fd):\/\/[^\s"']+[^\s"'.:]/.exec(message)?.[0] ?? 'docker info';
  if (/permission denied/i.test(message))
    return error(
      'docker',
      'you are not allowed to use its socket',
      where,
      'add yourself to its group, `sudo usermod -aG docker "$USER"`, and log in again; or use sudo',
    );
  if (message === '')
    return warning(
      'docker',
      'it does not say which engine it is, so it may be Podman',
      where,
      'with Podman, build with `--format docker`, or the health check is lost',
    );
  if (/cannot connect|is the docker daemon running|connection refused|error during connect|dial /i.test(message))
    return error(
      'docker',
      'its engine is not running',
      where,
      'start it: `sudo systemctl start docker`, or Docker Desktop; if it runs elsewhere, set DOCKER_HOST or the Docker context',
    );
  return error('docker', `it fails: ${message.split('\n')[0]}`, where, 'fix what `docker info` reports');
}

function checkPlugins({ info }: Docker, searchPath: string): Finding[] {
  const plugins = info?.ClientInfo?.Plugins;
  // Docker before 19.03 does not list them.
  if (!plugins) return [];
  const plugin = (name: string) => plugins.find((each) => each.Name === name);
  const [buildx, compose, old] = [plugin('buildx'), plugin('compose'), findCommand(searchPath, 'docker-compose')];
  return [
    buildx
      ? ok('buildx', buildx.Version ?? 'it is there')
      : warning(
          'buildx',
          'it is not installed, so docker build uses its old builder',
          'docker info',
          'install docker-buildx-plugin (the package of Docker) or docker-buildx (that of Debian and Ubuntu); the old builder works too',
        ),
    compose || old
      ? ok('compose', compose ? (compose.Version ?? 'it is there') : 'docker-compose', compose ? undefined : old)
      : warning(
          'compose',
          'it is not installed, and compose.yaml needs it',
          'docker info',
          'install the package docker-compose-plugin, or use `docker build` and `docker run` as the README of the project says',
        ),
  ];
}

function checkRoom({ info }: Docker): Finding[] {
  const folder = info?.DockerRootDir;
  // The engine may be on another machine.
  if (!folder || !existsSync(folder)) return [];
  const { bavail, bsize } = statfsSync(folder);
  const free = `${(Math.floor((bavail * bsize) / 1e8) / 10).toFixed(1)} GB are free`;
  if (bavail * bsize >= ROOM) return [ok('disk', free, folder)];
  return [
    warning(
      'disk',
      `${free}, and a first build needs about 2 GB`,
      folder,
      'make room: `docker system df` shows what can go, `docker system prune` removes what nothing uses',
    ),
  ];
}
