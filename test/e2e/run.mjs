/**
 * The runtime proof: builds the base image and generated projects with real Docker, runs them, and checks what they do.
 *
 *   npm run test:e2e -- [options]      npm run test:soak -- [options]: the same with the larger counts of counts.mjs
 *
 *   --debian-13-image NAME, --debian-12-image NAME
 *                         the Debian images to start from; made with mmdebstrap if not given (E2E_DEBIAN_13_IMAGE, E2E_DEBIAN_12_IMAGE)
 *   --debian-mirror URL   where mmdebstrap takes Debian from; read from this machine's apt sources if not given (E2E_DEBIAN_MIRROR)
 *   --certificates FILE   certificates the build may trust beside Debian's; PIP_CERT or SSL_CERT_FILE if not given
 *   --only NAME[,NAME]    these groups of steps alone: build is always run; the others are listed in GROUPS below. All but
 *                         debian-12 are run on Debian 13. Most run two at a time, after those in ALONE
 *   --soak                the larger counts
 *   --seed N              the seed of the random moments; printed at the start and the end, another one each time if not given
 *   --keep                leave the containers, images, the started engine and the work folder as they are
 *
 * http_proxy, https_proxy and no_proxy, PIP_INDEX_URL and PIP_DEFAULT_TIMEOUT are passed on to the builds if set.
 * If no Docker engine answers, one is started with all its data below a temporary folder, and stopped at the end. As root,
 * the Debian packages that are missing (docker.io, docker-compose, mmdebstrap) are installed. The Debian that is made is kept
 * in .cache/e2e of the checkout. Ports are opened on 127.0.0.1 alone.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CASES } from './cases.mjs';
import { readCounts } from './counts.mjs';
import { cleanUp, createDocker } from './docker.mjs';
import { onInterruption } from './interruption.mjs';
import { debianImage, findEngine, installPackages } from './machine.mjs';
import { twoAtATime } from './parallel.mjs';
import { built } from './project.mjs';
import { createRandom } from './random.mjs';
import { createReport } from './report.mjs';
import { answerSteps } from './steps/answers.mjs';
import { backupSteps } from './steps/backup.mjs';
import { bareSteps } from './steps/bare.mjs';
import { buildBases, buildSteps } from './steps/build.mjs';
import { composeSteps } from './steps/compose.mjs';
import { crashSteps } from './steps/crash.mjs';
import { debian12Steps } from './steps/debian-12.mjs';
import { docsSteps } from './steps/docs.mjs';
import { escapeSteps } from './steps/escapes.mjs';
import { hardeningSteps } from './steps/hardening.mjs';
import { hostileVolumeSteps } from './steps/hostile-volume.mjs';
import { imageSteps } from './steps/images.mjs';
import { makinaSteps } from './steps/makina.mjs';
import { metricsSteps } from './steps/metrics.mjs';
import { pillarSteps } from './steps/pillar.mjs';
import { pipelineSteps } from './steps/pipeline.mjs';
import { reconfigureSteps } from './steps/reconfigure.mjs';
import { secretSteps } from './steps/secrets.mjs';
import { selfTestSteps } from './steps/self-test.mjs';
import { serveSteps } from './steps/serve.mjs';
import { serviceSteps } from './steps/services.mjs';
import { signalSteps } from './steps/signals.mjs';
import { stackSteps } from './steps/stacks.mjs';
import { supervisionSteps } from './steps/supervision.mjs';
import { upSteps } from './steps/up.mjs';
import { volumeSteps } from './steps/volumes.mjs';
import { watchSteps } from './steps/watch.mjs';

const GROUPS = {
  serve: serveSteps,
  pillar: pillarSteps,
  compose: composeSteps,
  up: upSteps,
  'self-test': selfTestSteps,
  pipeline: pipelineSteps,
  makina: makinaSteps,
  metrics: metricsSteps,
  watch: watchSteps,
  answers: answerSteps,
  bare: bareSteps,
  images: imageSteps,
  escapes: escapeSteps,
  stacks: stackSteps,
  services: serviceSteps,
  signals: signalSteps,
  crash: crashSteps,
  supervision: supervisionSteps,
  'hostile-volume': hostileVolumeSteps,
  volumes: volumeSteps,
  backup: backupSteps,
  hardening: hardeningSteps,
  secrets: secretSteps,
  reconfigure: reconfigureSteps,
  'debian-12': debian12Steps,
  docs: docsSteps,
};

/** The groups that hold a container to times, or measure how long a start lasts: each runs alone, before the others. */
const ALONE = ['serve', 'signals', 'crash', 'supervision', 'reconfigure'];

/** The options of the command line; throws for an unknown one. */
function readOptions() {
  const { env } = process;
  const { values } = parseArgs({
    options: {
      'debian-13-image': { type: 'string', default: env.E2E_DEBIAN_13_IMAGE },
      'debian-12-image': { type: 'string', default: env.E2E_DEBIAN_12_IMAGE },
      'debian-mirror': { type: 'string', default: env.E2E_DEBIAN_MIRROR },
      certificates: { type: 'string', default: env.PIP_CERT || env.SSL_CERT_FILE },
      only: { type: 'string' },
      soak: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      keep: { type: 'boolean', default: false },
    },
  });
  if (!/^\d{1,10}$/.test(values.seed)) throw new Error(`--seed takes a whole number, not ${values.seed}`);
  const only = values.only?.split(',').filter((name) => name !== 'build') ?? Object.keys(GROUPS);
  const unknown = only.filter((name) => !Object.hasOwn(GROUPS, name));
  if (unknown.length > 0) throw new Error(`--only knows ${Object.keys(GROUPS).join(', ')}, not ${unknown.join(', ')}`);
  return { ...values, seed: Number(values.seed), only, strict: Boolean(values.only || env.NO_SKIP) };
}

/** Runs everything; returns the exit code. */
async function main() {
  const options = readOptions();
  const interruption = onInterruption();
  const work = mkdtempSync(join(tmpdir(), 'makina-image-e2e-'));
  const { step, needed, expect, skip, summary } = createReport(interruption, options.strict);
  let engine;
  let docker;
  let crashed = false;
  console.log(`seed ${options.seed}`);
  try {
    await needed('prepare the machine', async () => {
      await installPackages(options, interruption);
      engine = await findEngine(work, interruption);
      docker = createDocker(engine, interruption);
      return engine.started ? 'own engine' : 'the engine that was there';
    });
    const versions = options.only.includes('debian-12') ? [13, 12] : [13];
    const debians = await needed('make the Debian images', () =>
      Promise.all(versions.map((version) => debianImage(docker, options, version, interruption))),
    );
    const context = {
      options,
      work,
      docker,
      step,
      needed,
      skip,
      debian: debians[0],
      env: engine.env,
      ownEngine: engine.started,
      signal: interruption,
      counts: readCounts(options.soak),
      random: (label) => createRandom(options.seed, label),
    };
    const [base, base12] = await buildBases(context, debians);
    const demo = await buildSteps({ ...context, base });
    const run = async (name) => {
      const start = performance.now();
      await GROUPS[name]({ ...context, base, base12, demo });
      console.log(`-- the group ${name} took ${Math.round((performance.now() - start) / 1000)} s`);
    };
    for (const name of options.only.filter((name) => ALONE.includes(name))) await run(name);
    await twoAtATime(
      options.only.filter((name) => !ALONE.includes(name)),
      run,
    );
    await expect(['build', ...options.only].flatMap((name) => CASES[name] ?? []));
  } catch (error) {
    crashed = true;
    console.log(`stopped: ${error.message}`);
  } finally {
    if (options.keep) console.log(`kept: ${work}${engine?.started ? `, DOCKER_HOST=${engine.env.DOCKER_HOST}` : ''}`);
    else {
      // What is in an engine of our own goes with it.
      const images = engine?.started ? [] : built;
      if (docker) await cleanUp(engine, images).catch((error) => console.log(`clean-up: ${error.message}`));
      await engine?.stop();
      rmSync(work, { recursive: true, force: true });
    }
  }
  console.log(`seed ${options.seed}`);
  return summary() || Number(crashed);
}

process.exitCode = await main();
