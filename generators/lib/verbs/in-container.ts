import { runningContainer } from '../engine/container.ts';
import type { Engine } from '../engine/engine.ts';
import { EXIT, UserError } from '../errors.ts';
import { imageOf } from './up.ts';

/** Where build.sh of the runtime puts it: the container's PATH is the application's. */
export const MAKINA = '/usr/local/bin/makina';

export interface InContainer {
  engine: Engine;
  /** The folder of the project. */
  root: string;
  /** The command of `makina`, and its words as they are. */
  words: readonly string[];
  /** Whether it may read standard input. */
  hasInput: boolean;
  /** Whether it gets a terminal. */
  hasTerminal: boolean;
}

/**
 * Runs `makina` in the running container of a project.
 * @returns its exit code
 * @throws UserError when there is no such container, or its image has no `makina`
 */
export async function inContainer({ engine, root, words, hasInput, hasTerminal }: InContainer): Promise<number> {
  const { id, name } = await runningContainer(engine, root, imageOf(root).name);
  const options = [...(hasInput ? ['--interactive'] : []), ...(hasTerminal ? ['--tty'] : [])];
  const code = await engine.attach(['exec', ...options, id, MAKINA, ...words], hasInput);
  if ((code === 126 || code === 127) && (await engine.ask('exec', id, 'test', '-x', MAKINA)).code === 1)
    throw new UserError(
      `the image of the container ${name} has no ${MAKINA}, since it is older; build it again with makina-image up`,
      EXIT.unavailable,
    );
  return code;
}
