import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { single } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { asOwner } from '../lib/system/rights.ts';
import { sbom } from '../lib/verbs/sbom/sbom.ts';
import { ENGINE, findProjectAndEngine, IMAGE, stopOnSignal } from './build.ts';
import { printAsIs } from './print.ts';
import { printResult } from './result.ts';
import type { CommandLine, Host, Verb } from './verb.ts';

/** `makina-image sbom [DIR]` */
export const sbomVerb: Verb = {
  words: '[DIR]',
  names: 'folder',
  about:
    'Lists the Debian, Python, Node and PHP packages in the image of the project that DIR is in (this folder if not given), and its downloads, as CycloneDX JSON: a bill of materials (SBOM) for scanners and registries. Reads the files of the image, and runs nothing of it.\nExit code 0: it is printed or written, 1: there is no such image, or it cannot be read, 130: interrupted.',
  flags: [
    ENGINE,
    { flag: 'image', value: 'IMAGE', description: 'list this image (default: that of the project)' },
    { flag: 'output', value: 'FILE', names: 'file', description: 'write to FILE; its folder must exist' },
  ],
  run,
};

async function run({ flags, words }: CommandLine, { cwd }: Host): Promise<void> {
  const built = single(flags, 'image');
  if (built !== undefined && !IMAGE.test(built))
    throw new UserError(`--image takes the name of an image, not ${built}`);
  const output = single(flags, 'output');
  const file = output === undefined ? undefined : resolve(cwd, output);
  if (file !== undefined && !fs.statSync(dirname(file), { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`there is no folder ${dirname(file)} for --output; create it first`);
  if (file !== undefined && fs.statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`${file} is a folder; --output takes the name of a file`);
  const { root, engine } = await findProjectAndEngine('sbom', flags, words, cwd);
  const text = await sbom({ engine, root, built, signal: stopOnSignal('once') });
  if (file === undefined) return printAsIs(text);
  asOwner(dirname(file), () => fs.writeFileSync(file, text));
  printResult(flags, `${output} lists what is in ${built ?? 'the image'}`);
}
