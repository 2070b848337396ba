import { isOn } from '../lib/answers/flags.ts';
import { buildProject, refuseCertificates } from '../lib/verbs/build.ts';
import { imageOf } from '../lib/verbs/up.ts';
import { BUILD_FLAGS, buildRequest, ENGINE, findProjectAndEngine, stopOnSignal, withScratch } from './build.ts';
import { printDone } from './print.ts';
import type { CommandLine, Host, Verb } from './verb.ts';

/** `makina-image build [DIR]` */
export const buildVerb: Verb = {
  words: '[DIR]',
  names: 'folder',
  about:
    'Builds the image of the project that DIR is in (this folder if not given). Builds the base image first if the engine lacks it. Starts nothing.\nExit code 0: it is built, 1: it could not be built, 130: interrupted.',
  flags: [ENGINE, ...BUILD_FLAGS],
  run,
};

async function run({ flags, words }: CommandLine, { cwd }: Host): Promise<void> {
  const { root, engine } = await findProjectAndEngine('build', flags, words, cwd);
  const image = imageOf(root);
  const signal = stopOnSignal('once');
  await withScratch('build', (scratch) => {
    const request = buildRequest(flags, cwd, { engine, root, scratch, signal });
    refuseCertificates(request);
    return buildProject(request, image);
  });
  if (!isOn(flags, 'quiet')) printDone(`${image.name} is built`);
}
