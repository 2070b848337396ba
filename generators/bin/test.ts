import fs from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type FlagValues, single } from '../lib/answers/flags.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { junit, type TestCase } from '../lib/output/junit.ts';
import { paint } from '../lib/output/style.ts';
import { asOwner } from '../lib/system/rights.ts';
import { selfTest } from '../lib/verbs/self-test/self-test.ts';
import { BUILD_FLAGS, buildRequest, ENGINE, findProjectAndEngine, stopOnSignal, withScratch } from './build.ts';
import { doneStyle } from './print.ts';
import { printResult } from './result.ts';
import type { CommandLine, Host, Verb } from './verb.ts';

/** `makina-image test [DIR]` */
export const testVerb: Verb = {
  words: '[DIR]',
  names: 'folder',
  about:
    "Builds the image of the project that DIR is in (this folder if not given), and tests it in a container of its own: starts it on an empty and on a used volume, asks each virtual host and location, applies an override, refuses a bad one, restarts and stops. test.yaml of the project adds requests with expected answers, an override and variables. It leaves the project's data and the container of makina-image up alone, and removes everything that it made but the image.\nExit code 0: all passed, 1: something failed, 2: the command line or test.yaml cannot be used, 130: interrupted.",
  flags: [
    ENGINE,
    { flag: 'image', value: 'IMAGE', description: 'test this image, which is built already, and build nothing' },
    { flag: 'junit', value: 'FILE', names: 'file', description: 'write a report for CI to FILE, as JUnit XML' },
    ...BUILD_FLAGS,
  ],
  run,
};

async function run({ flags, words }: CommandLine, { cwd }: Host): Promise<void> {
  const built = single(flags, 'image');
  const useless = BUILD_FLAGS.find(({ flag }) => flags[flag]);
  if (built !== undefined && useless)
    throw new UserError(`--image builds nothing; leave out --${useless.flag}, or --image`);
  const report = reportFile(flags, cwd);
  const { root, engine } = await findProjectAndEngine('test', flags, words, cwd);
  // A second Ctrl-C must not leave anything behind.
  const signal = stopOnSignal('on');
  const cases: TestCase[] = [];
  let begin = 0;
  try {
    await withScratch('test', (scratch) =>
      selfTest({
        ...buildRequest(flags, cwd, { engine, root, scratch, signal }),
        built,
        onBegin: () => {
          begin = performance.now();
        },
        onEnd: (result) => {
          cases.push({ ...result, seconds: (performance.now() - begin) / 1000 });
          printStep(flags, cases);
        },
      }),
    );
  } finally {
    if (report !== undefined) asOwner(dirname(report), () => fs.writeFileSync(report, junit(basename(root), cases)));
  }
  const failed = cases.filter(({ failure }) => failure !== undefined).length;
  printResult(flags, `${cases.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = EXIT.internal;
}

/** Prints how the last step ended; the log of the container only once. */
function printStep(flags: FlagValues, cases: readonly TestCase[]): void {
  const { name, seconds, failure, log } = cases.at(-1) as TestCase;
  const time = `(${seconds.toFixed(1)} s)`;
  if (failure === undefined) {
    printResult(flags, `${paint(doneStyle(), 'green', 'ok')} ${name} ${time}`);
    return;
  }
  const sentence = `${paint(doneStyle(), 'red', 'FAILED')} ${name} ${time}: ${failure}`;
  const isFirst = cases.filter((each) => each.log).length === 1;
  printResult(flags, log && isFirst ? `${sentence}\n${log.replace(/^/gm, '    ')}` : sentence, true);
}

/** Where the report goes. @throws UserError (usage) before anything is built if it cannot be written there */
function reportFile(flags: FlagValues, cwd: string): string | undefined {
  const given = single(flags, 'junit');
  if (given === undefined) return undefined;
  const file = resolve(cwd, given);
  const folder = dirname(file);
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`there is no folder ${folder} for --junit; create it first`);
  if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`${file} is a folder; --junit takes the name of a file`);
  asOwner(folder, () => fs.accessSync(folder, fs.constants.W_OK));
  return file;
}
