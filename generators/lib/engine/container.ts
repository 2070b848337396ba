import { EXIT, UserError } from '../errors.ts';
import { LABEL } from './arguments.ts';
import type { Engine } from './engine.ts';

/** What an engine knows of a container. */
export interface Container {
  id: string;
  isRunning: boolean;
  exitCode: number;
  /** The folder of the project that it was started for, if makina-image started it. */
  project: string | undefined;
  /** The command of the image's health check; undefined where it has none. */
  healthcheck: string[] | undefined;
}

interface Inspected {
  Id: string;
  State: { Running: boolean; ExitCode: number };
  Config: { Labels?: Record<string, string> | null; Healthcheck?: { Test?: string[] | null } | null };
}

/** A container by its name; undefined if there is none. */
export async function inspect(engine: Engine, name: string): Promise<Container | undefined> {
  const { code, stdout } = await engine.ask('container', 'inspect', name);
  if (code !== 0) return undefined;
  const [{ Id, State, Config }] = JSON.parse(stdout) as [Inspected];
  const [kind, ...words] = Config.Healthcheck?.Test ?? [];
  const healthcheck = kind === 'CMD-SHELL' ? ['sh', '-c', ...words] : words;
  return {
    id: Id,
    isRunning: State.Running,
    exitCode: State.ExitCode,
    project: Config.Labels?.[LABEL],
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

/** Stops a container gracefully, and removes it; its volumes stay. */
export async function remove(engine: Engine, { id, isRunning }: Container): Promise<void> {
  if (isRunning) await engine.run(['stop', id], () => undefined);
  await engine.run(['rm', id], () => undefined);
}
