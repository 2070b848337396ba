import { isOn, single } from '../lib/answers/flags.ts';
import { inspect, remove } from '../lib/engine/container.ts';
import type { Engine } from '../lib/engine/engine.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import * as project from '../lib/verbs/up.ts';
import { BUILD_FLAGS, buildRequest, ENGINE, findProjectAndEngine, stopOnSignal, withScratch } from './build.ts';
import { printDone, printError, write } from './print.ts';
import type { CommandLine, Host, Verb } from './verb.ts';

/** `makina-image up [DIR]` */
export const upVerb: Verb = {
  words: '[DIR]',
  names: 'folder',
  about:
    'Builds the image of the project that DIR is in (this folder if not given), starts it with its data folder and its port, waits until it is healthy, and follows its log. Ctrl-C stops it gracefully. Builds the base image first if the engine lacks it.\nExit code 0: you stopped it, or --detach, 1: it could not be built or started, otherwise the code with which the container ended.',
  flags: [
    ENGINE,
    { flag: 'publish', value: 'PORT', description: 'the port of the host (default: that of the answers)' },
    { flag: 'detach', description: 'return once it is healthy, and let it run; makina-image down stops it' },
    ...BUILD_FLAGS,
  ],
  run,
};

/** `makina-image down [DIR]` */
export const downVerb: Verb = {
  words: '[DIR]',
  names: 'folder',
  about:
    'Stops the container that makina-image up started for the project that DIR is in (this folder if not given), and removes it. The data folder and the volumes stay.',
  flags: [ENGINE],
  run: async ({ flags, words }, { cwd }) => {
    const { root, engine } = await findProjectAndEngine('down', flags, words, cwd);
    const name = await project.down(engine, root);
    if (!isOn(flags, 'quiet')) printDone(name ? `${name} is stopped` : `nothing of ${root} is running`);
  },
};

async function run({ flags, words }: CommandLine, { cwd }: Host): Promise<void> {
  const port = portOf(single(flags, 'publish'));
  const { root, engine } = await findProjectAndEngine('up', flags, words, cwd);
  const stop = stopOnSignal('once');
  const start = await withScratch('up', (scratch) =>
    project.up({ ...buildRequest(flags, cwd, { engine, root, scratch, signal: stop }), port }),
  );
  await watch(engine, start, stop, isOn(flags, 'detach'), isOn(flags, 'quiet'));
}

/** Follows the log of a container until it ends, or until Ctrl-C, which stops it. */
async function watch(
  engine: Engine,
  { container, url }: project.Started,
  stop: AbortSignal,
  isDetached: boolean,
  isQuiet: boolean,
): Promise<void> {
  const detach = new AbortController();
  const end = AbortSignal.any([stop, detach.signal]);
  const ended = Promise.all([
    engine.run(['logs', '--follow', container.id], (text) => write(isDetached ? 2 : 1, text), end),
    engine.succeeds(['wait', container.id], end),
  ]);
  const isUp = await project.isHealthy(engine, container, stop);
  if (isUp && !isQuiet)
    printDone(`==> ${url} is up${isDetached ? '; makina-image down stops it' : '; Ctrl-C stops it'}`);
  if (isUp && isDetached) detach.abort();
  await ended;
  if (detach.signal.aborted && !stop.aborted) return;
  const last = await inspect(engine, container.id);
  if (stop.aborted && !isQuiet) printError('==> Stopping');
  if (last) await remove(engine, last);
  if (stop.aborted) return;
  const code = last?.exitCode ?? EXIT.internal;
  throw new UserError(`the container has ended with code ${code}; its log is above`, code || EXIT.internal);
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port;
  throw new UserError(`--publish takes a port from 1 to 65535, not ${text}`);
}
