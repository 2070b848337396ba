import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { basename, join } from 'node:path';
import type { Engine } from '../../engine/engine.ts';
import { EXIT, UserError } from '../../errors.ts';
import { SECRETS_FOLDER } from '../../model/services.ts';
import { asOwner } from '../../system/rights.ts';
import { interrupted } from '../build.ts';
import { imageOf } from '../up.ts';
import { type Archive, openArchive, unusable } from './archive.ts';
import { type Helper, startHelper, takeLeftover } from './helper.ts';
import { called, type Labels, type Part } from './manifest.ts';
import { hasVolume, type Inventory, inventoryOf, mountOf, volumeHere } from './stores.ts';

export interface RestoreRequest {
  engine: Engine;
  /** The folder of the project. */
  root: string;
  /** The backup; undefined to finish or undo a restore that was interrupted. */
  file: string | undefined;
  /** The image that writes the files; undefined for the one with the project's name. */
  tag: string | undefined;
  signal: AbortSignal;
  /** Gets a sentence before each step. */
  onStep: (sentence: string) => void;
}

/** What a volume records of a restore that is under way. */
interface State {
  /** JSON of a `Restore`. */
  id: string;
  state: string;
}

interface Restore {
  id: string;
  /** The name of the backup. */
  file: string;
  /** How sentences call what is restored. */
  names: string[];
}

/** How an earlier restore that was interrupted has ended. */
export type Earlier = 'none' | 'undone' | 'finished';

/** A part of a backup, and where it goes. */
interface Target {
  part: Part | undefined;
  kind: Part['kind'];
  name: string;
  labels: Labels;
}

/**
 * Replaces the data of a project with that of a backup, all of it or nothing. First it finishes or undoes what an interrupted run left.
 * @throws UserError with one sentence
 */
export async function restoreData(request: RestoreRequest): Promise<Earlier> {
  const { engine, root, file, onStep, signal } = request;
  const image = imageOf(root);
  const archive = file === undefined ? undefined : await openArchive(file, signal);
  let made: string[] = [];
  try {
    if (archive && archive.manifest.project !== image.name)
      throw new UserError(
        `${file} is a backup of the project ${archive.manifest.project}, not of ${image.name}; nothing was replaced`,
        EXIT.data,
      );
    makeFolders(root, archive);
    const inventory = await inventoryOf(engine, root, image);
    refuseUsers(inventory, engine);
    for (const warning of inventory.warnings) onStep(warning);
    const targets = targetsOf(inventory, archive);
    const left = await takeLeftover(engine, image.name, root);
    for (const { name } of inventory.users.filter(({ id }) => left?.stopped.includes(id)))
      onStep(`A backup that was killed left ${name} stopped; start it with ${engine.name} start ${name}`);
    made = await makeVolumes(engine, inventory, targets);
    const names = targets.map(called);
    const helper = await startHelper({
      ...{ engine, root, names, project: image.name, tag: request.tag ?? image.name, isReadOnly: false, stops: [] },
      mounts: targets.map((target) => mountOf(target, inventory)),
    });
    try {
      const earlier = await finishEarlier(helper, names, onStep);
      if (!archive) return earlier;
      const id = await stageAll(request, helper, archive, targets, async () =>
        refuseUsers(await inventoryOf(engine, root, image), engine),
      );
      // From here on it is finished, if need be by the next run.
      made = [];
      onStep('Replacing the data');
      await replaceData(helper, id);
      return earlier;
    } finally {
      await helper.close();
    }
  } finally {
    archive?.close();
    for (const name of made) await engine.ask('volume', 'rm', name);
  }
}

/** Those that git does not have: a fresh checkout lacks them. */
function makeFolders(root: string, archive: Archive | undefined): void {
  for (const { kind, name } of archive?.manifest.parts ?? []) {
    const path = join(root, name);
    if (kind !== 'folder' || fs.lstatSync(path, { throwIfNoEntry: false })) continue;
    asOwner(root, () => fs.mkdirSync(path, name === SECRETS_FOLDER ? 0o700 : 0o755));
  }
}

/** @throws UserError while a container runs on what is replaced */
function refuseUsers({ users }: Inventory, engine: Engine): void {
  const running = users.filter(({ isRunning }) => isRunning).map(({ name }) => name);
  if (running.length > 0)
    throw new UserError(
      `the data is in use by ${running.join(', ')}; stop ${running.length > 1 ? 'them' : 'it'} first, for example with ${engine.name} stop ${running.join(' ')}`,
      EXIT.busy,
    );
}

/** The parts of the backup, and what else the project has: an interrupted restore may be there. */
function targetsOf({ folders, volumes, composeProject }: Inventory, archive: Archive | undefined): Target[] {
  const parts = (archive?.manifest.parts ?? []).map((part): Target => {
    const here = part.kind === 'volume' ? volumeHere(part, composeProject) : { name: part.name, labels: {} };
    return { part, kind: part.kind, ...here };
  });
  const others = [
    ...[...folders.keys()].map((name) => ({ kind: 'folder', name, labels: {} }) as const),
    ...[...volumes].map(([name, labels]) => ({ kind: 'volume', name, labels }) as const),
  ].filter(({ kind, name }) => !parts.some((part) => part.kind === kind && part.name === name));
  return [...parts, ...others.map((other) => ({ ...other, part: undefined }))];
}

/** @returns the volumes that it made @throws UserError for one that is there, and not the project's */
async function makeVolumes(engine: Engine, { volumes }: Inventory, targets: readonly Target[]): Promise<string[]> {
  const missing = targets.filter(({ kind, name }) => kind === 'volume' && !volumes.has(name));
  for (const { name } of missing)
    if (await hasVolume(engine, name))
      throw new UserError(
        `the backup has the volume ${name}, and the one that is there is not known to be the project's; remove it with ${engine.name} volume rm ${name} if nothing needs it`,
        EXIT.internal,
      );
  for (const { name, labels } of missing) {
    const words = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    await engine.run(['volume', 'create', ...words, name], () => undefined);
  }
  return missing.map(({ name }) => name);
}

const BEGUN = ['moving-out', 'moving-in', 'swapped'];

/** Finishes a restore that has begun to replace something, and undoes one that has not. */
async function finishEarlier(
  helper: Helper,
  names: readonly string[],
  onStep: (sentence: string) => void,
): Promise<Earlier> {
  const states = JSON.parse(await helper.restore('find')) as (State | null)[];
  if (states.every((state) => state === null)) return 'none';
  const begun = states.find((state) => state && BEGUN.includes(state.state));
  if (!begun) {
    await helper.restore('undo');
    const isReplaced = states.some((state) => state?.state === 'cleaning');
    const when = isReplaced ? 'after it had replaced the data' : 'before it replaced anything';
    onStep(`An earlier restore was interrupted ${when}; what it had left is removed`);
    return isReplaced ? 'finished' : 'undone';
  }
  const { file, names: all } = JSON.parse(begun.id) as Restore;
  const missing = all.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw new UserError(
      `the restore of ${file} was interrupted, and ${missing.join(' and ')} of it cannot be found; restore that backup again, so that it is finished`,
      EXIT.internal,
    );
  await replaceData(helper, begun.id);
  onStep(`The restore of ${file} was interrupted while it replaced the data; it is finished now`);
  return 'finished';
}

/** @throws UserError that says how to go on, since it is not known how far it came */
async function replaceData(helper: Helper, id: string): Promise<void> {
  await helper.restore('swap', id).catch((error: UserError) => {
    const remedy = error.code === EXIT.disk ? 'make room, or correct the disk' : 'correct that';
    throw new UserError(
      `${error.message}; some of the data may be replaced: ${remedy}, and run makina-image restore-data without a file, which finishes it`,
      error.code,
    );
  });
}

/** Unpacks everything beside what is there. @returns what the volumes record of it */
async function stageAll(
  { file = '', signal, onStep }: RestoreRequest,
  helper: Helper,
  archive: Archive,
  targets: readonly Target[],
  refuse: () => Promise<void>,
): Promise<string> {
  const restore: Restore = {
    id: randomBytes(8).toString('hex'),
    file: basename(file),
    names: targets.filter(({ part }) => part).map(called),
  };
  const id = JSON.stringify(restore);
  await helper.restore('room', ...targets.map(({ part }) => String(part?.bytes ?? 0)));
  try {
    for (const [index, target] of targets.entries()) {
      if (!target.part) continue;
      if (signal.aborted) throw interrupted();
      onStep(`Unpacking ${called(target)}`);
      const content = archive.read(target.part);
      const words = ['stage', String(index), id, target.part.sha256];
      await helper.restoreFrom(content, signal, ...words).catch((error: unknown) => {
        if (signal.aborted) throw interrupted();
        const isData = error instanceof UserError && error.code === EXIT.data;
        throw isData ? unusable(file, `${called(target)}: ${error.message}`) : error;
      });
    }
    await helper.restore('mark', id);
    // One that was started before the mark is seen now, and none starts after it.
    await refuse();
    if (signal.aborted) throw interrupted();
  } catch (error) {
    await helper.restore('undo');
    throw error;
  }
  return id;
}
