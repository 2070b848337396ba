/** What of a project is backed up, and which containers use it. */

import fs from 'node:fs';
import { basename, join } from 'node:path';
import { type HelperMount, LABEL } from '../../engine/arguments.ts';
import { COMPOSE_FOLDER, TITLE } from '../../engine/container.ts';
import type { Engine } from '../../engine/engine.ts';
import { EXIT, UserError } from '../../errors.ts';
import { namedVolumes } from '../../model/docker-run.ts';
import type { Image } from '../../model/schema.ts';
import { SECRETS_FOLDER } from '../../model/services.ts';
import { lstat } from '../../system/files.ts';
import { asOwner } from '../../system/rights.ts';
import { loadYaml } from '../../system/yaml.ts';
import { COMPOSE_FILES } from '../services.ts';
import { isHelper } from './helper.ts';
import { inodesOf } from './inodes.ts';
import type { Labels, Store } from './manifest.ts';

const COMPOSE_PROJECT = 'com.docker.compose.project';
const COMPOSE_VOLUME = 'com.docker.compose.volume';

/** A folder of the host or a volume that a container has. */
interface Mount {
  Type: string;
  /** Of a volume. */
  Name?: string;
  /** On the host. */
  Source: string;
  Destination: string;
  RW: boolean;
}

/** A container, as far as it matters here. */
export interface User {
  id: string;
  name: string;
  isRunning: boolean;
  isOurs: boolean;
  mounts: readonly Mount[];
  labels: Labels;
  imageId: string;
}

interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  State: { Running: boolean };
  Config: { Labels?: Labels | null };
  Mounts?: Mount[] | null;
}

/** All containers of the engine, but for helpers. */
async function containersOf(engine: Engine, root: string, name: string): Promise<User[]> {
  const { stdout: list } = await engine.ask('ps', '--all', '--quiet', '--no-trunc');
  const ids = list.split('\n').filter(Boolean);
  if (ids.length === 0) return [];
  // It ends with 1 if one of them has gone meanwhile, and prints the others.
  const { stdout } = await engine.ask('container', 'inspect', ...ids);
  const all = (JSON.parse(stdout || '[]') as Inspected[]).filter(({ Config }) => !isHelper(Config.Labels ?? {}));
  return all.map((each) => {
    const labels = each.Config.Labels ?? {};
    const owner = labels[LABEL] ?? labels[COMPOSE_FOLDER];
    const containerName = each.Name.replace(/^\//, '');
    return {
      id: each.Id,
      name: containerName,
      isRunning: each.State.Running,
      isOurs: owner ? owner === root : labels[TITLE] === name || containerName === name,
      mounts: each.Mounts ?? [],
      labels,
      imageId: each.Image,
    };
  });
}

/** What there is of a project. */
export interface Inventory {
  /** The folder that has data/ in it, as `up` mounts it; or another one that a container of the project has in its place. */
  folders: ReadonlyMap<'data' | typeof SECRETS_FOLDER, string>;
  /** What the engine must have mounted, by the paths of folders: `device:inode`. */
  inodes: ReadonlyMap<string, string>;
  volumes: ReadonlyMap<string, Labels>;
  /** That of compose. */
  composeProject: string;
  /** Containers that have one of these mounted. */
  users: readonly User[];
  /** Sentences about what is not backed up. */
  notes: readonly string[];
  /** Sentences about what may write to it meanwhile. */
  warnings: readonly string[];
}

/**
 * Finds what there is of a project: the data folder, and the secrets and volumes of the image and of what compose runs beside it.
 * @throws UserError for a link in the place of a folder, and for a volume that another folder has, too
 */
export async function inventoryOf(engine: Engine, root: string, image: Image): Promise<Inventory> {
  const containers = await containersOf(engine, root, image.name);
  const ours = containers.filter(({ isOurs }) => isOurs);
  const folders = foldersOf(root, image, ours);
  const ofCompose = ours.find(({ labels }) => labels[COMPOSE_FOLDER] === root)?.labels[COMPOSE_PROJECT];
  const composeProject = ofCompose ?? defaultProject(root);
  const made = await volumesOf(engine, await labelled(engine, `${COMPOSE_PROJECT}=${composeProject}`));
  // Another folder of this name has the same project, for Compose.
  const declared = ofCompose === undefined ? declaredVolumes(root) : [];
  const isIts = (labels: Labels) => ofCompose !== undefined || declared.includes(labels[COMPOSE_VOLUME] ?? '');
  const its = [...made].filter(([, labels]) => isIts(labels)).map(([name]) => name);
  refuseShared(root, engine, containers, its);
  const volumes = await volumesOf(engine, [
    ...namedVolumes(image).map(({ name }) => name),
    ...ours.flatMap(({ mounts }) => mounts.flatMap(({ Type, Name = '' }) => (Type === 'volume' ? [Name] : []))),
    ...its,
  ]);
  const others = [...made.keys()].filter((name) => !volumes.has(name));
  const users = usersOf(root, containers, folders, volumes);
  const near = containers.filter((each) => each.isRunning && !users.includes(each) && hasInside(each, folders));
  return {
    folders,
    inodes: inodesOf(root, [...folders.values()]),
    volumes,
    composeProject,
    users,
    notes: [
      ...notesOf(root, ours, folders),
      ...others.map((name) => `the volume ${name}, which no compose file of ${root} declares`),
    ],
    warnings: near.map(
      ({ name }) =>
        `The container ${name} runs on, and can write to a folder that has the data in it; see that it does not`,
    ),
  };
}

/** What compose makes of the name of a folder. */
const defaultProject = (root: string) =>
  basename(root)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');

function foldersOf(root: string, { name }: Image, ours: readonly User[]): Inventory['folders'] {
  const mounted = ours
    .flatMap(({ mounts }) => mounts)
    .find(({ Type, Destination }) => Type === 'bind' && Destination === `/srv/projects/${name}/data`);
  const places = [
    ['data', mounted?.Source ?? join(root, 'data')] as const,
    [SECRETS_FOLDER, join(root, SECRETS_FOLDER)] as const,
  ];
  for (const [, path] of places)
    if (lstat(path)?.isSymbolicLink())
      throw new UserError(
        `${path} is a link, and root of a container works in it; replace it with a folder`,
        EXIT.internal,
      );
  return new Map(places.filter(([, path]) => lstat(path)?.isDirectory()));
}

/** What the helper mounts for a folder or a volume. */
export function mountOf({ kind, name }: Pick<Store, 'kind' | 'name'>, { folders, inodes }: Inventory): HelperMount {
  if (kind === 'volume') return { volume: name };
  const folder = folders.get(name as 'data') as string;
  return { folder, inode: inodes.get(folder) };
}

async function labelled(engine: Engine, label: string): Promise<string[]> {
  const { stdout } = await engine.ask('volume', 'ls', '--quiet', '--filter', `label=${label}`);
  return stdout.split('\n').filter(Boolean);
}

/** The volumes that the compose files of a project declare, by the names that they have there. */
function declaredVolumes(root: string): string[] {
  return asOwner(root, () =>
    COMPOSE_FILES.map((file) => join(root, file))
      .filter(lstat)
      .flatMap((path) => {
        try {
          return Object.keys(loadYaml().parse(fs.readFileSync(path, 'utf8')).volumes);
        } catch {
          // It declares none.
          return [];
        }
      }),
  );
}

/** @throws UserError for a volume that a container of another folder has, too */
function refuseShared(root: string, { name: engine }: Engine, containers: readonly User[], volumes: string[]): void {
  for (const { name, labels, mounts } of containers) {
    const folder = labels[COMPOSE_FOLDER] ?? root;
    const shared = mounts.find(({ Type, Name = '' }) => Type === 'volume' && volumes.includes(Name))?.Name;
    if (folder !== root && shared !== undefined)
      throw new UserError(
        `the volume ${shared} has the name of this project's, and the container ${name} of ${folder} has it; if that folder is the same project, remove the container with ${engine} rm ${name}, otherwise rename one of the two folders`,
        EXIT.internal,
      );
  }
}

/** An anonymous volume belongs to its container alone. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** Those that exist, with compose's labels. */
async function volumesOf(engine: Engine, names: readonly string[]): Promise<Map<string, Labels>> {
  const found = new Map<string, Labels>();
  for (const name of [...new Set(names)].filter((each) => !ANONYMOUS.test(each)).sort()) {
    const { code, stdout } = await engine.ask('volume', 'inspect', name);
    if (code !== 0) continue;
    const [{ Labels: labels }] = JSON.parse(stdout) as [{ Labels?: Labels | null }];
    const kept = [COMPOSE_PROJECT, COMPOSE_VOLUME, 'com.docker.compose.version'];
    found.set(name, Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => kept.includes(key))));
  }
  return found;
}

/** Whether a volume is there. */
export async function hasVolume(engine: Engine, name: string): Promise<boolean> {
  return (await engine.ask('volume', 'inspect', '--format', '{{.Name}}', name)).code === 0;
}

function usersOf(
  root: string,
  containers: readonly User[],
  folders: Inventory['folders'],
  volumes: Inventory['volumes'],
): readonly User[] {
  const paths = [...folders.values()].map(real);
  // The project's own folder has them in it, as in a development container.
  const uses = (source: string) => source === real(root) || paths.some((path) => isWithin(source, path));
  return containers.filter((container) =>
    container.mounts.some(({ Type, Name = '', Source }) =>
      Type === 'volume' ? volumes.has(Name) : uses(real(Source)) || (container.isOurs && hasInside(container, folders)),
    ),
  );
}

/** Whether a container can write to a folder that has one of these in it. */
const hasInside = ({ mounts }: User, folders: Inventory['folders']) =>
  mounts.some(
    ({ Type, Source, RW }) =>
      Type === 'bind' && RW && [...folders.values()].some((path) => isWithin(real(path), real(Source))),
  );

function real(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return path;
  }
}

const isWithin = (path: string, folder: string) => `${path}/`.startsWith(folder === '/' ? '/' : `${folder}/`);

function notesOf(root: string, ours: readonly User[], folders: Inventory['folders']): string[] {
  const known = [root, ...folders.values()].map(real);
  return ours.flatMap(({ name, mounts }) =>
    mounts.flatMap(({ Type, Name = '', Source, Destination, RW }) => {
      if (Type === 'volume' && ANONYMOUS.test(Name))
        return [`${Destination} of ${name} is in a volume without a name, which is not in a backup`];
      const isOther = Type === 'bind' && RW && !known.some((path) => isWithin(real(Source), path));
      return isOther ? [`${Source}, which ${name} has at ${Destination}, is not in a backup`] : [];
    }),
  );
}

/**
 * The volume that a part goes to: compose's begin with the name of its project, which is that of the folder unless you give another.
 * @param composeProject that of this project
 */
export function volumeHere(
  store: Extract<Store, { kind: 'volume' }>,
  composeProject: string,
): { name: string; labels: Labels } {
  const { name, labels } = store;
  const [project, key] = [labels[COMPOSE_PROJECT], labels[COMPOSE_VOLUME]];
  if (!project || !key || project === composeProject) return { name, labels };
  return {
    name: name === `${project}_${key}` ? `${composeProject}_${key}` : name,
    labels: { ...labels, [COMPOSE_PROJECT]: composeProject },
  };
}
