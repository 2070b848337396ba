import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.ts';
import { complete, merge } from '../../model/intent.ts';
import type { TestRequest } from '../../model/test-file.ts';
import { storedAnswers } from '../../project/stored.ts';
import { asOwner } from '../../system/rights.ts';
import { type BuildRequest, buildProject, interrupted, refuseCertificates } from '../build.ts';
import { imageOf, NOT_YET } from '../up.ts';
import { ask } from './ask.ts';
import {
  type Bench,
  failure,
  hostPort,
  logOf,
  makeData,
  removeAll,
  start,
  startBeside,
  stop,
  waitUntilHealthy,
} from './container.ts';
import { readTestFile } from './file.ts';
import { applyOverride, refuseOverride, takeBackOverride, writeOverride } from './override.ts';
import { requestsOf, wrongIn } from './requests.ts';

export interface SelfTestRequest extends BuildRequest {
  /** An image that is built already; undefined to build the project's. */
  built: string | undefined;
  /** Gets the name of each step before it. */
  onBegin: (name: string) => void;
  onEnd: (result: Result) => void;
}

/** How a step ended. */
export interface Result {
  name: string;
  /** What is wrong, in one sentence; undefined if nothing is. */
  failure?: string;
  /** The last lines of the container's log. */
  log?: string;
}

/**
 * Tests a project in a container of its own, and removes all of that.
 * @throws UserError for a test.yaml that cannot be used, and when `signal` ended it
 */
export async function selfTest(request: SelfTestRequest): Promise<void> {
  const { engine, root, scratch, signal } = request;
  refuseCertificates(request);
  const image = imageOf(root);
  const hasServices = Object.keys(image.services).length > 0;
  // Before the build, which takes its time.
  if (hasServices) await engine.compose();
  const { environment, override, seconds, requests: own } = await readTestFile(root);
  const { intent = {} } = asOwner(root, () => storedAnswers(root));
  // The launcher judges the override, with the pillars.
  const served = complete(merge(intent, override)).image ?? image;
  const requests = requestsOf(served, own);
  const ports = [...new Set(requests.map(({ request: { port } }) => port))];
  const bench: Bench = {
    ...{ engine, image, project: root, seconds, signal },
    run: {
      root: scratch,
      // mkdtemp gave it an end of its own.
      name: `${image.name}-test-${basename(scratch).slice(-6)}`,
      tag: request.built ?? image.name,
      ports: ports.map((port) => `127.0.0.1::${port}`),
      environment,
      live: [],
    },
  };
  const step = (name: string, action: () => Promise<void>) => runStep(request, bench, name, action);
  const askAll = async (when: string) => {
    // Programs may need a moment after nginx; what is broken waits once.
    const late = AbortSignal.timeout(seconds * 1000);
    for (const { name, request, isHttps } of requests)
      await step(`${name}${when}`, () => askUntil(bench, request, isHttps, late));
  };

  let left: string[];
  try {
    makeData(bench);
    writeOverride(bench, override);
    const isThere = await step(
      request.built === undefined ? `${image.name} is built` : `the image ${request.built} is there`,
      () => (request.built === undefined ? buildProject(request, image) : findImage(bench)),
    );
    const isServed = isThere && (!hasServices || (await step('its services start', () => startBeside(bench))));
    if (isServed && (await step('it starts on an empty volume, and is healthy', () => start(bench)))) {
      await askAll('');
      await step('an override is applied', () => applyOverride(bench, override));
      await step('a bad override is refused, and the programs go on', () => refuseOverride(bench));
      await step('the override is taken back', () => takeBackOverride(bench, override));
      await step('it stops with exit code 0', () => stop(bench));
      await engine.finish(['rm', '--force', '--volumes', bench.run.name]);
      if (await step('it starts on the used volume, and is healthy', () => start(bench))) {
        await askAll(', on the used volume');
        await step('it restarts, and is healthy', () => restart(bench));
        await step('it stops again with exit code 0', () => stop(bench));
      }
    }
  } finally {
    left = await removeAll(bench);
  }
  if (signal.aborted) throw interrupted();
  await step('nothing is left', async () => {
    if (left.length > 0) throw failure(`${left.join(' and ')} cannot be removed; remove it yourself`);
  });
}

/** @returns whether it went well */
async function runStep(
  { onBegin, onEnd, signal }: SelfTestRequest,
  bench: Bench,
  name: string,
  action: () => Promise<void>,
): Promise<boolean> {
  onBegin(name);
  try {
    if (signal.aborted) throw interrupted();
    await action();
    if (signal.aborted) throw interrupted();
    onEnd({ name });
    return true;
  } catch (error) {
    if (signal.aborted) throw interrupted();
    if (!(error instanceof UserError)) throw error;
    const log = await logOf(bench);
    onEnd({ name, failure: error.message, ...(log && { log }) });
    return false;
  }
}

async function findImage({ engine, run }: Bench): Promise<void> {
  const { code } = await engine.ask('image', 'inspect', '--format', '{{.Id}}', run.tag);
  if (code !== 0) throw failure(`${engine.name} has no image ${run.tag}; build or pull it first`);
}

async function restart(bench: Bench): Promise<void> {
  await bench.engine.run(['restart', bench.run.name], () => undefined, bench.signal);
  await waitUntilHealthy(bench);
}

/** Milliseconds between two requests; each pause is twice the one before. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 3200;

/** Asks until the answer is right, or another one than that of a program that still starts. @param late ends the patience */
async function askUntil(bench: Bench, request: TestRequest, isHttps: boolean, late: AbortSignal): Promise<void> {
  const port = await hostPort(bench, request.port);
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    const tooLong = AbortSignal.timeout(bench.seconds * 1000);
    let wrong: string | undefined;
    let isFinal = false;
    try {
      const answer = await ask(request, port, isHttps, AbortSignal.any([bench.signal, tooLong]));
      wrong = wrongIn(request, answer);
      isFinal = !NOT_YET.includes(answer.status);
    } catch (error) {
      wrong = tooLong.aborted
        ? `there is no answer after ${bench.seconds} s`
        : `there is no answer (${(error as Error).message})`;
    }
    if (wrong === undefined) return;
    if (isFinal || late.aborted || bench.signal.aborted) throw failure(wrong);
    await sleep(pause);
  }
}
