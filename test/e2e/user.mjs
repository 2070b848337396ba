import { chownSync, cpSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './machine.mjs';

export const USER = 1000;
/** What the bin is made of, with what its verbs load. */
const PACKAGE = ['dist', 'templates', 'package.json'].concat(
  ['chokidar', 'readdirp', 'fs-extra', 'graceful-fs', 'jsonfile', 'universalify', 'yaml'].map(
    (name) => `node_modules/${name}`,
  ),
);

/** Copies the package into a folder that the ordinary user reaches, which a checkout need not be. */
export function copyPackage(folder) {
  for (const path of PACKAGE) cpSync(join(checkout, path), join(folder, path), { recursive: true });
}

/** Gives a folder to the ordinary user. @returns the folder */
export function giveToUser(folder) {
  chownSync(folder, USER, USER);
  return folder;
}

/** A copy that the user can read, under the name that the base image has it by: its build is in the cache. */
export function readableCopy(certificates, folder) {
  const copy = join(folder, 'e2e.pem');
  cpSync(certificates, copy, { dereference: true });
  return copy;
}

/** A command line run as an ordinary user of the host, who is in the group of the engine's socket. @param env of the engine */
export function asUser(env, command) {
  const host = env.DOCKER_HOST ?? process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  const socket = host.replace(/^unix:\/\//, '');
  const group = existsSync(socket) ? statSync(socket).gid : USER;
  return ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, `--groups=${group}`, ...command];
}
