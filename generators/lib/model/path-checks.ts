/**
 * What root writes and reads by its path must be where no one else can write: one rule for every field that takes a path.
 * The launcher's paths.py has the same rule, and checks the file system too.
 */

import { posix } from 'node:path';
import type { Problem } from './problem.ts';
import { replaced } from './references.ts';
import type { Image } from './schema.ts';

/** Where every user can write. */
const OPEN = ['/tmp', '/var/tmp', '/dev', '/proc', '/sys', '/run/lock', '/var/lock'];
/** What root runs or reads by itself: a user's folder must not be one of these, lie in one or hold one. */
const OURS = ['/srv/apps', '/srv/makina-states', '/srv/pillar', '/srv/salt', '/run/circus', '/run/mc_launcher'];
/** The same of folders of the system, in which a user may have a folder. */
const SYSTEM = ['/bin', '/boot', '/etc', '/lib', '/root', '/run', '/sbin', '/usr/bin', '/usr/lib', '/usr/sbin'].concat(
  ['/usr/local/bin', '/var/cache/downloads', '/var/cache/salt', '/var/lib/dpkg', '/var/lib/nginx'],
  ['/var/log/nginx', '/var/spool/cron', '/etc/makina-projects'],
);
/** The names of our own files and folders in /etc/makina-projects/NAME. */
const TAKEN = ['app.json', 'configs.json', 'launch.json', 'override.sls', 'override.sls.last-good'].concat([
  'circus',
  'nginx',
  'volumes',
]);
/** What a mount in memory may hide. */
const MEMORY = ['/etc/makina-projects', '/run', '/var/cache/salt', '/var/lib/nginx', '/var/run'];

interface Used {
  path: string[];
  /** Where it is, with references. */
  at: string;
  reads: boolean;
}

/** Every path of an image that root must not use. */
export function checkPaths(image: Image): Problem[] {
  return [
    ...usedPaths(image).flatMap(({ path, at, reads }): Problem[] => {
      const problem = openPlace(plainPath(at, image.name), image, reads);
      const why = reads
        ? 'root reads it; use another path'
        : 'Salt writes it as root; use a seed there, or another path';
      return problem ? [{ path, message: `must not be ${problem}: ${why}` }] : [];
    }),
    ...Object.entries(image.configs).flatMap(([name, { target }]): Problem[] =>
      !inVolume(configTarget(name, target), image) && isTaken(image.name, configTarget(name, target))
        ? [
            {
              path: ['configs', name],
              message: 'would replace a file of the image itself; give it another name, or a target',
            },
          ]
        : [],
    ),
    ...metConfigs(image),
    ...Object.entries(image.configs).flatMap(([name, { target, user }]) => checkInVolume(name, target, user, image)),
    ...Object.keys(image.symlinks).flatMap((path) => checkLink(path, image)),
    ...Object.entries(image.directories).flatMap(([path, { user, mode }]): Problem[] => {
      const message = inTheWay(plainPath(path, image.name), image, isRoots(user, mode));
      return message ? [{ path: ['directories', path], message }] : [];
    }),
    ...Object.entries(image.users).flatMap(([name, { home, createhome }]): Problem[] => {
      const message = createhome ? inTheWay(plainPath(home, image.name), image, false) : undefined;
      return message ? [{ path: ['users', name, 'home'], message }] : [];
    }),
  ];
}

/** What is wrong with a config that goes into a volume. */
function checkInVolume(name: string, target: string | undefined, user: string, image: Image): Problem[] {
  if (target === undefined || !inVolume(target, image)) return [];
  const path = ['configs', name];
  const own = ownOfVolume(target, image);
  const problems = own ? [{ path: [...path, 'target'], message: own }] : [];
  if (user !== 'root') return problems;
  const message = 'must not be root in a volume; name the user of the program that reads the file';
  return [...problems, { path: [...path, 'user'], message }];
}

/** What is wrong with the place of a link. */
function checkLink(link: string, image: Image): Problem[] {
  const place = plainPath(link, image.name);
  const path = ['symlinks', link];
  const data = plainPath('{data_root}', image.name);
  const others = [
    ...Object.keys(image.symlinks).map((other) => [`symlinks.${other}`, other]),
    ...Object.entries(image.configs).map(([name, { target }]) => [`configs.${name}`, configTarget(name, target)]),
    ...Object.entries(image.seeds).map(([name, { target }]) => [`seeds.${name}`, posix.resolve(data, target)]),
    ...Object.keys(image.directories).map((other) => [`directories.${other}`, other]),
  ] as [string, string][];
  const met = others.find(([name, at]) => name !== `symlinks.${link}` && isWithin(plainPath(at, image.name), place));
  if (met) return [{ path, message: `is in the way of ${met[0]}; use another path` }];
  const message = inVolume(link, image) ? ownOfVolume(link, image) : wrongOutside(place, image);
  return message ? [{ path, message }] : [];
}

function wrongOutside(place: string, image: Image): string | undefined {
  const memory = MEMORY.find((folder) => isWithin(place, folder));
  if (memory) return `must not be in ${memory}, which can be in memory; use another path`;
  return inTheWay(place, image, false)?.replace('must be of root alone, since it is', 'must not be');
}

/** Whether a path lies in a volume, or is one. */
export function inVolume(path: string, { name, volumes }: Image): boolean {
  const folders = [`/srv/projects/${name}/data`, ...volumes];
  return folders.some((folder) => isWithin(plainPath(path, name), plainPath(folder, name)));
}

/** Why nothing of the settings goes to a place in a volume, undefined if it can. */
function ownOfVolume(path: string, { name, volumes }: Image): string | undefined {
  const data = `/srv/projects/${name}/data`;
  const place = plainPath(path, name);
  if ([data, `${data}/data`, ...volumes].some((folder) => plainPath(folder, name) === place))
    return 'must not be a volume itself; use a path in it';
  const own = [`${data}/configuration`, `${data}/application`, `${data}/secrets`].find((folder) =>
    isWithin(place, folder),
  );
  return own && `must not be in ${own}, which is root's; use another path`;
}

/** Each config that goes where another one does, or below it. */
function metConfigs({ name: project, configs }: Image): Problem[] {
  const targets = Object.entries(configs).map(([name, { target }]) => ({
    name,
    at: plainPath(configTarget(name, target), project),
  }));
  return targets.flatMap(({ name, at }) => {
    const other = targets.find(
      (each) => each.name !== name && isWithin(at, each.at) && (at !== each.at || each.name < name),
    );
    if (!other) return [];
    const message = `goes to ${at}, and configs.${other.name} is the file ${other.at}; give one of them another target`;
    return [{ path: ['configs', name], message }];
  });
}

/** Where nothing of the image's own lies. */
const NOT_OF_THE_IMAGE = ['/dev', '/etc/makina-projects', '/proc', '/run', '/sys', '/tmp'];

/** Why a seed cannot come from this absolute path of the image, undefined if it can, or if it is one below project/. */
export function wrongSource(source: string, { name, volumes }: Image): string | undefined {
  if (!replaced(source, name).startsWith('/')) return undefined;
  const path = plainPath(source, name);
  const places = [`/srv/projects/${name}/data`, ...volumes.map((volume) => plainPath(volume, name))];
  const taken = [...places, ...NOT_OF_THE_IMAGE].find((place) => isWithin(path, place) || isWithin(place, path));
  return taken && `must not lie in ${taken} or hold it; name a file or folder of the image's own`;
}

/** A path as it is in the image: references replaced, each folder named once. */
export function plainPath(path: string, name: string): string {
  return posix.normalize(`/${replaced(path, name)}`).replace(/(?<=.)\/+$/, '');
}

/** Whether a path is a folder, or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder.replace(/\/$/, '')}/`);
}

const configTarget = (name: string, target: string | undefined) => target ?? `/etc/makina-projects/{name}/${name}`;
const isRoots = (user: string, mode: string) => user === 'root' && (Number.parseInt(mode, 8) & 0o022) === 0;
const isUnpacked = (how: string | undefined) => how === 'tar' || how === 'zip';

function isTaken(name: string, target: string): boolean {
  const [first = ''] = posix.relative(`/etc/makina-projects/${name}`, plainPath(target, name)).split('/');
  return TAKEN.includes(first);
}

function usedPaths(image: Image): Used[] {
  const below = (path: string) => `{project_root}/${path}`;
  const used: Used[] = [];
  for (const [name, { source, target }] of Object.entries(image.configs)) {
    used.push({ path: ['configs', name, 'source'], at: below(source), reads: true });
    const at = configTarget(name, target);
    if (!inVolume(at, image)) used.push({ path: ['configs', name, 'target'], at, reads: false });
  }
  for (const link of Object.keys(image.symlinks))
    if (!inVolume(link, image)) used.push({ path: ['symlinks', link], at: link, reads: false });
  for (const [name, { url, target, unpack, user }] of Object.entries(image.downloads)) {
    // What is unpacked for another user is unpacked as that user: root only makes the folder.
    const at = isUnpacked(unpack) && user !== 'root' ? posix.dirname(plainPath(target, image.name)) : target;
    used.push({ path: ['downloads', name, 'target'], at, reads: false });
    if (url.startsWith('file://')) used.push({ path: ['downloads', name, 'url'], at: url.slice(7), reads: true });
  }
  for (const [name, { requirements, path }] of Object.entries(image.virtualenvs)) {
    used.push({ path: ['virtualenvs', name, 'path'], at: path ?? `{project_dir}/venvs/${name}`, reads: false });
    if (requirements !== undefined)
      used.push({ path: ['virtualenvs', name, 'requirements'], at: below(requirements), reads: true });
  }
  for (const [name, { key_file }] of Object.entries(image.apt_repositories))
    if (key_file !== undefined)
      used.push({ path: ['apt_repositories', name, 'key_file'], at: below(key_file), reads: true });
  for (const kind of ['programs', 'crons'] as const)
    for (const [name, { env_from }] of Object.entries(image[kind]))
      for (const [variable, source] of Object.entries<string>(env_from)) {
        const [, at] = /^(?:optional-)?file:(.*)$/.exec(source) ?? [];
        if (at !== undefined) used.push({ path: [kind, name, 'env_from', variable], at, reads: true });
      }
  for (const [name, vhost] of Object.entries(image.vhosts))
    for (const key of ['ssl_certificate', 'ssl_certificate_key'] as const) {
      const at = vhost[key];
      if (at !== undefined) used.push({ path: ['vhosts', name, key], at, reads: true });
    }
  return used;
}

/** Why others than root can put something at a path, undefined if nothing says that they can. */
function openPlace(path: string, image: Image, reads: boolean): string | undefined {
  const { name } = image;
  const data = `/srv/projects/${name}/data`;
  // What is beside the override in the data folder belongs to root.
  const kept = reads && ['configuration', 'application'].some((folder) => isWithin(path, `${data}/${folder}`));
  if (!kept && [data, ...image.volumes].some((folder) => isWithin(path, plainPath(folder, name)))) return 'in a volume';
  const unpacked = Object.values(image.downloads)
    .filter(({ unpack, user }) => isUnpacked(unpack) && user !== 'root')
    .map(({ target }) => target);
  const given = Object.entries(image.directories)
    .filter(([, { user, mode }]) => !isRoots(user, mode))
    .map(([folder]) => folder);
  const homes = Object.values(image.users).flatMap(({ home, createhome }) => (createhome ? [home] : []));
  const open = [...OPEN, `/home/users/${name}-user`, ...unpacked, ...given, ...homes].map((folder) =>
    plainPath(folder, name),
  );
  const found = open.find((folder) => isWithin(path, folder));
  return found && `in ${found}, where others than root can write`;
}

/** Why there cannot be such a folder of `directories`, undefined if there can. */
function inTheWay(path: string, { name, volumes }: Image, isRoots: boolean): string | undefined {
  const dir = `/srv/projects/${name}`;
  if ([`${dir}/data`, ...volumes].some((folder) => isWithin(path, plainPath(folder, name))))
    return 'must not be in a volume: use a seed without source there';
  const own = [`${dir}/pillar`, `${dir}/project/.salt`];
  own.push(`/etc/makina-projects/${name}/circus`, `/etc/makina-projects/${name}/nginx`, ...OURS);
  const taken =
    own.find((folder) => isWithin(folder, path) || isWithin(path, folder)) ??
    SYSTEM.find((folder) => isWithin(folder, path));
  return taken && !isRoots ? `must be of root alone, since it is in the way of ${taken}` : undefined;
}
