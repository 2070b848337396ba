import { EXIT, UserError } from '../errors.ts';
import { LABEL } from './arguments.ts';
import type { Engine } from './engine.ts';

/** Labels of the project's image, and of compose. */
export const TITLE = 'org.opencontainers.image.title';
export const COMPOSE_FOLDER = 'com.docker.compose.project.working_dir';
export const COMPOSE_SERVICE = 'com.docker.compose.service';

/** What an engine knows of a container. */
export interface Container {
  id: string;
  name: string;
  isRunning: boolean;
  exitCode: number;
  /** The folder of the project that it was started for, if makina-image started it. */
  project: string | undefined;
  /** The folder of the compose file that it was started for, if compose did. */
  composeFolder: string | undefined;
  /** The command of the image's health check; undefined where it has none. */
  healthcheck: string[] | undefined;
}

interface Inspected {
  Id: string;
  Name: string;
  State: { Running: boolean; ExitCode: number };
  Config: { Labels?: Record<string, string> | null; Healthcheck?: { Test?: string[] | null } | null };
}

/** A container by its name; undefined if there is none. */
export async function inspect(engine: Engine, name: string): Promise<Container | undefined> {
  const { code, stdout } = await engine.ask('container', 'inspect', name);
  if (code !== 0) return undefined;
  const [{ Id, Name, State, Config }] = JSON.parse(stdout) as [Inspected];
  const [kind, ...words] = Config.Healthcheck?.Test ?? [];
  const healthcheck = kind === 'CMD-SHELL' ? ['sh', '-c', ...words] : words;
  return {
    id: Id,
    // Docker begins it with a slash.
    name: Name.replace(/^\//, ''),
    isRunning: State.Running,
    exitCode: State.ExitCode,
    project: Config.Labels?.[LABEL],
    composeFolder: Config.Labels?.[COMPOSE_FOLDER],
    healthcheck: kind === undefined || kind === 'NONE' ? undefined : healthcheck,
  };
}

/**
 * The container of a project.
 * @throws UserError when something else has its name
 */
export async function containerOf(engine: Engine, root: string, name: string): Promise<Container | undefined> {
  const container = await inspect(engine, name);
  if (!container || container.project === root) return container;
  const whose = container.project ? `belongs to ${container.project}` : 'was not started by makina-image';
  throw new UserError(
    `the container ${name} ${whose}; remove it with ${engine.name} rm --force ${name}`,
    EXIT.internal,
  );
}

/**
 * The container of a project that runs: that of `up`, that of compose, the one with the project's name, or the only one of its image.
 * @throws UserError when there is none, or it is not known which one is meant
 */
export async function runningContainer(engine: Engine, root: string, name: string): Promise<Container> {
  const { stdout } = await engine.ask('ps', '--quiet', '--no-trunc', '--filter', `label=${TITLE}=${name}`);
  const found = await Promise.all([...stdout.split('\n').filter(Boolean), name].map((id) => inspect(engine, id)));
  const running = [
    ...new Map(found.filter((each) => each?.isRunning).map((each) => [each?.id, each as Container])).values(),
  ];
  // Another folder's project may have the same name.
  const ours = running.filter(({ project, composeFolder }) => (project ?? composeFolder ?? root) === root);
  const best = [
    ours.filter(({ project }) => project === root),
    ours.filter(({ composeFolder }) => composeFolder === root),
    ours.filter((each) => each.name === name),
    ours,
  ].find(({ length }) => length > 0);
  if (best?.length === 1) return best[0] as Container;
  const names = (best ?? running).map((each) => each.name).sort();
  const others = names.length > 0 ? ` (${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} another folder's)` : '';
  throw new UserError(
    best
      ? `several containers of ${name} run: ${names.join(', ')}; name one: ${engine.name} exec ${names[0]} makina --help`
      : `no container of ${root} runs${others}; start one with makina-image up`,
    EXIT.unavailable,
  );
}

/** Stops a container gracefully, and removes it; its volumes stay. */
export async function remove(engine: Engine, { id, isRunning }: Container): Promise<void> {
  if (isRunning) await engine.run(['stop', id], () => undefined);
  await engine.run(['rm', id], () => undefined);
}
