import { mkdtempSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Flag, isOn, single } from '../lib/answers/flags.ts';
import { inspect, remove } from '../lib/engine/container.ts';
import { ENGINES, type Engine, findEngine } from '../lib/engine/engine.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { findProject } from '../lib/project/find.ts';
import { safePath } from '../lib/system/search-path.ts';
import * as project from '../lib/verbs/up.ts';
import { printDone, printError, write } from './print.ts';
import type { CommandLine, Host, Verb } from './verb.ts';

/** Of every verb that works with a container. */
export const ENGINE: Flag = {
  flag: 'engine',
  value: 'NAME',
  choices: ENGINES,
  description: 'the engine to use (default: the first one that is installed)',
};

/** Variables that every build gets where they are set; engines keep the first six out of the image. */
const PASSED = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].concat([
  'PIP_INDEX_URL',
  'PIP_DEFAULT_TIMEOUT',
]);

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
    { flag: 'fresh', description: 'build without the layers of earlier builds' },
    { flag: 'build-arg', value: 'NAME=VALUE ...', description: 'pass a build argument to every build' },
    {
      flag: 'certificate',
      value: 'FILE ...',
      names: 'file',
      description: 'trust the certificate authority in FILE, such as that of your proxy; the image keeps it',
    },
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
    const { root, engine } = await find('down', flags, words, cwd);
    const name = await project.down(engine, root);
    if (!isOn(flags, 'quiet')) printDone(name ? `${name} is stopped` : `nothing of ${root} is running`);
  },
};

async function run({ flags, words }: CommandLine, { cwd }: Host): Promise<void> {
  const port = portOf(single(flags, 'publish'));
  const { root, engine } = await find('up', flags, words, cwd);
  const isQuiet = isOn(flags, 'quiet');
  const stop = stopOnSignal();
  const { default: fs } = await import('fs-extra');
  // Loaded here because no other verb needs it.
  const { tmpdir } = process.getBuiltinModule('node:os');
  const scratch = mkdtempSync(join(tmpdir(), 'makina-image-up-'));
  let start: project.Started;
  try {
    start = await project.up({
      engine,
      root,
      port,
      isFresh: isOn(flags, 'fresh'),
      buildArgs: [...PASSED.filter((name) => process.env[name]), ...(flags['build-arg'] ?? []).map(String)],
      certificates: (flags.certificate ?? []).map((file) => resolve(cwd, String(file))),
      scratch,
      signal: stop,
      onStep: (sentence) => isQuiet || printError(`==> ${sentence}`),
      onOutput: (text) => isQuiet || write(2, text),
    });
  } finally {
    await fs.remove(scratch);
  }
  await watch(engine, start, stop, isOn(flags, 'detach'), isQuiet);
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

async function find(verb: string, flags: CommandLine['flags'], words: string[], cwd: string) {
  if (words.length > 1) throw new UserError(`${verb} takes one folder, not ${words.length} words: ${words.join(' ')}`);
  const root = findProject(resolve(cwd, words[0] ?? '.'));
  const engine = await findEngine(single(flags, 'engine'), safePath(process.env.PATH ?? '', root));
  return { root, engine };
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port;
  throw new UserError(`--publish takes a port from 1 to 65535, not ${text}`);
}

/** A signal that Ctrl-C, and what ends a terminal, give; a second Ctrl-C ends this at once. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());
  return stop.signal;
}
