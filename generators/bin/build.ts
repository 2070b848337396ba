import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { type Flag, type FlagValues, isOn, single } from '../lib/answers/flags.ts';
import { ENGINES, findEngine } from '../lib/engine/engine.ts';
import { UserError } from '../lib/errors.ts';
import { findProject } from '../lib/project/find.ts';
import { safePath } from '../lib/system/search-path.ts';
import type { BuildRequest } from '../lib/verbs/build.ts';
import { printError, write } from './print.ts';

/** Of every verb that works with a container. */
export const ENGINE: Flag = {
  flag: 'engine',
  value: 'NAME',
  choices: ENGINES,
  description: 'the engine to use (default: the first one that is installed)',
};

/** Of every verb that builds a project. */
export const BUILD_FLAGS: readonly Flag[] = [
  { flag: 'fresh', description: 'build without the layers of earlier builds' },
  {
    flag: 'cache-from',
    value: 'IMAGE',
    description: 'pull IMAGE and take its layers where they fit (docker only)',
  },
  { flag: 'build-arg', value: 'NAME=VALUE ...', description: 'pass a build argument to every build' },
  {
    flag: 'certificate',
    value: 'FILE ...',
    names: 'file',
    description: 'trust the certificate authority in FILE, such as that of your proxy; the image keeps it',
  },
];

/** The name of an image, and no flag of an engine. */
export const IMAGE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/;

/** Variables that every build gets where they are set; engines keep the first six out of the image. */
const PASSED = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].concat([
  'PIP_INDEX_URL',
  'PIP_DEFAULT_TIMEOUT',
]);

/** The project that a verb's words name, and an engine. */
export async function findProjectAndEngine(verb: string, flags: FlagValues, words: readonly string[], cwd: string) {
  if (words.length > 1) throw new UserError(`${verb} takes one folder, not ${words.length} words: ${words.join(' ')}`);
  const root = findProject(resolve(cwd, words[0] ?? '.'));
  const engine = await findEngine(single(flags, 'engine'), safePath(process.env.PATH ?? '', root));
  return { root, engine };
}

/** What a build gets from the command line. */
export function buildRequest(
  flags: FlagValues,
  cwd: string,
  found: Pick<BuildRequest, 'engine' | 'root' | 'scratch' | 'signal'>,
): BuildRequest {
  const isQuiet = isOn(flags, 'quiet');
  const cacheFrom = single(flags, 'cache-from');
  if (cacheFrom !== undefined && !IMAGE.test(cacheFrom))
    throw new UserError(`--cache-from takes the name of an image, not ${cacheFrom}`);
  if (cacheFrom !== undefined && isOn(flags, 'fresh'))
    throw new UserError('--fresh builds without the layers of --cache-from; leave out one of them');
  if (cacheFrom !== undefined && found.engine.name !== 'docker')
    throw new UserError(`--cache-from works with docker, not with ${found.engine.name}; leave it out`);
  return {
    ...found,
    isFresh: isOn(flags, 'fresh'),
    cacheFrom,
    buildArgs: [...PASSED.filter((name) => process.env[name]), ...(flags['build-arg'] ?? []).map(String)],
    certificates: (flags.certificate ?? []).map((file) => resolve(cwd, String(file))),
    onStep: (sentence) => isQuiet || printError(`==> ${sentence}`),
    onOutput: (text) => isQuiet || write(2, text),
  };
}

/** Does something with an empty folder, which is removed at the end. */
export async function withScratch<T>(verb: string, work: (scratch: string) => Promise<T>): Promise<T> {
  // Loaded here because few verbs need it.
  const { tmpdir } = process.getBuiltinModule('node:os');
  const scratch = fs.mkdtempSync(join(tmpdir(), `makina-image-${verb}-`));
  try {
    return await work(scratch);
  } finally {
    await fs.promises.rm(scratch, { recursive: true, force: true });
  }
}

/**
 * A signal that Ctrl-C, and what ends a terminal, give.
 * @param times once: a second Ctrl-C ends this at once
 */
export function stopOnSignal(times: 'once' | 'on'): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process[times](name, () => stop.abort());
  return stop.signal;
}
