import { EXIT, UserError } from '../errors.ts';
import {
  type Ended,
  findCommand,
  type Ran,
  ran,
  runAttached,
  runLong,
  runPiped,
  type Spawned,
  spawned,
} from '../system/command.ts';
import { failed, unusable } from './failures.ts';

/** The engines that `up` works with, the first one found unless one is named. */
export const ENGINES = ['docker', 'podman'] as const;

/** Enough for an engine that is busy with a build. */
const ANSWER_MILLISECONDS = 30_000;

/** An engine that answers. */
export interface Engine {
  name: (typeof ENGINES)[number];
  /** Runs a command that answers at once. */
  ask(...args: string[]): Promise<Ran>;
  /** Runs a command that may take long. @returns whether it ended with 0 */
  succeeds(args: readonly string[], signal: AbortSignal): Promise<boolean>;
  /** Runs a command with this process's own input and output. @returns its exit code */
  attach(args: readonly string[], hasInput: boolean): Promise<number>;
  /** Runs a command that may take long. @returns how it ended */
  finish(args: readonly string[], signal?: AbortSignal): Promise<Ended>;
  /** Runs a command whose output is bytes. @returns how it ended */
  pipe(args: readonly string[], onBytes: (piece: Buffer) => void, signal: AbortSignal): Promise<Ended>;
  /** Starts a command with pipes for its input and output, which Ctrl-C does not reach. */
  spawn(args: readonly string[]): Spawned;
  /** Runs a command that may take long. @throws UserError with the reason, in one sentence, when it fails */
  run(args: readonly string[], onOutput: (text: string) => void, signal?: AbortSignal): Promise<void>;
  /** Finds Compose. @throws UserError when it is not installed */
  compose(): Promise<Compose>;
}

/** Compose, for one engine. */
export type Compose = Pick<Engine, 'ask' | 'finish' | 'run'>;

/**
 * Finds an engine that answers.
 * @param wanted the one to use; undefined for whichever is there
 * @param searchPath folders, as in PATH
 * @throws UserError when none is installed, or none answers
 */
export async function findEngine(wanted: string | undefined, searchPath: string): Promise<Engine> {
  const names = ENGINES.filter((name) => wanted === undefined || wanted === name);
  if (names.length === 0) throw new UserError(`--engine must be one of ${ENGINES.join(', ')}, not "${wanted}"`);
  const installed = names.filter((name) => findCommand(searchPath, name));
  const refusals: string[] = [];
  for (const name of installed) {
    const { code, stderr, end } = await ran(name, ['ps', '--quiet', '--last', '1'], searchPath, ANSWER_MILLISECONDS);
    if (code === 0) return engineOf(name, searchPath);
    refusals.push(end === 'late' ? `${name} does not answer in time` : unusable(name, stderr));
  }
  if (refusals[0]) throw new UserError(refusals[0], EXIT.internal);
  throw new UserError(
    `there is no ${names.join(' and no ')} in PATH; install ${wanted ? 'it' : 'one of them'}`,
    EXIT.internal,
  );
}

function engineOf(name: Engine['name'], searchPath: string): Engine {
  return {
    name,
    ask: (...args) => ran(name, args, searchPath, ANSWER_MILLISECONDS),
    succeeds: async (args, signal) => (await runLong(name, args, searchPath, () => undefined, signal)).code === 0,
    attach: (args, hasInput) => runAttached(name, args, searchPath, hasInput),
    finish: (args, signal) => runLong(name, args, searchPath, () => undefined, signal),
    pipe: (args, onBytes, signal) => runPiped(name, args, searchPath, onBytes, signal),
    spawn: (args) => spawned(name, args, searchPath),
    run: async (args, onOutput, signal) => {
      const { code, tail } = await runLong(name, args, searchPath, onOutput, signal);
      if (code !== 0 && !signal?.aborted) throw new UserError(failed(`${name} ${args[0]}`, tail), EXIT.internal);
    },
    compose: () => findCompose(name, searchPath),
  };
}

/** The part of the engine, or the command of its own that older systems have. */
async function findCompose(name: Engine['name'], searchPath: string): Promise<Compose> {
  for (const [command, ...words] of [[name, 'compose'], [`${name}-compose`]] as [string, ...string[]][]) {
    const { code } = await ran(command, [...words, 'version'], searchPath, ANSWER_MILLISECONDS);
    if (code === 0) return composeOf(command, words, searchPath);
  }
  throw new UserError(
    `the project has services, and neither ${name} compose nor ${name}-compose is there to start them; install one of them`,
    EXIT.internal,
  );
}

function composeOf(command: string, words: readonly string[], searchPath: string): Compose {
  return {
    ask: (...args) => ran(command, [...words, ...args], searchPath, ANSWER_MILLISECONDS),
    finish: (args, signal) => runLong(command, [...words, ...args], searchPath, () => undefined, signal),
    run: async (args, onOutput, signal) => {
      const { code, tail } = await runLong(command, [...words, ...args], searchPath, onOutput, signal);
      if (code !== 0 && !signal?.aborted)
        throw new UserError(failed([command, ...words].join(' '), tail), EXIT.internal);
    },
  };
}
