import { isOn, single } from '../lib/answers/flags.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import * as project from '../lib/verbs/up.ts';
import { codeFolders } from '../lib/verbs/watch.ts';
import { BUILD_FLAGS, buildRequest, ENGINE, findProjectAndEngine, stopOnSignal, withScratch } from './build.ts';
import { ended, follow, followEdits } from './follow.ts';
import { printDone } from './print.ts';
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
    {
      flag: 'watch',
      description: 'run the code in project/ as it is on the host, and restart or build again what an edit changes',
    },
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
  const isDetached = isOn(flags, 'detach');
  const isWatching = isOn(flags, 'watch');
  if (isDetached && isWatching) throw new UserError('--watch follows your edits until Ctrl-C; leave out --detach');
  const { root, engine } = await findProjectAndEngine('up', flags, words, cwd);
  const isQuiet = isOn(flags, 'quiet');
  const stop = stopOnSignal('once');
  await withScratch('up', async (scratch) => {
    const build = buildRequest(flags, cwd, { engine, root, scratch, signal: stop });
    const request = { ...build, port, live: isWatching ? codeFolders(root) : [] };
    const start = await project.up(request);
    if (isWatching) return followEdits(request, start, isQuiet);
    const code = await follow(request, start, isQuiet, { isDetached });
    if (code !== undefined) throw new UserError(`${ended(code)}; its log is above`, code || EXIT.internal);
  });
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port;
  throw new UserError(`--publish takes a port from 1 to 65535, not ${text}`);
}
