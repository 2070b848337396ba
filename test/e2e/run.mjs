/**
 * The run-time proof: builds the base image and generated projects with real Docker, runs them, and checks what they do.
 *
 *   npm run test:e2e -- [options]
 *
 *   --debian-image NAME   the Debian 12 image to start from; made with mmdebstrap if not given (E2E_DEBIAN_IMAGE)
 *   --debian-mirror URL   where mmdebstrap takes Debian from; read from this machine's apt sources if not given (E2E_DEBIAN_MIRROR)
 *   --certificates FILE   certificates the build may trust beside Debian's; PIP_CERT or SSL_CERT_FILE if not given
 *   --only NAME[,NAME]    these groups of steps alone: build is always run; the others are listed in GROUPS below
 *   --keep                leave the containers, images, the started engine and the work folder as they are
 *
 * http_proxy, https_proxy and no_proxy, PIP_INDEX_URL and PIP_DEFAULT_TIMEOUT are passed on to the builds if set.
 * If no Docker engine answers, one is started with all its data below a temporary folder, and stopped at the end. As root,
 * the Debian packages that are missing (docker.io, docker-compose, mmdebstrap) are installed. The Debian that is made is kept
 * in .cache/e2e of the checkout. Ports are opened on 127.0.0.1 alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cleanUp, createDocker } from './docker.mjs';
import { debianImage, findEngine, installPackages } from './machine.mjs';
import { built } from './project.mjs';
import { createReport } from './report.mjs';
import { bareSteps } from './steps/bare.mjs';
import { buildSteps } from './steps/build.mjs';
import { composeSteps } from './steps/compose.mjs';
import { hostileSteps } from './steps/hostile.mjs';
import { pillarSteps } from './steps/pillar.mjs';
import { serveSteps } from './steps/serve.mjs';
import { signalSteps } from './steps/signals.mjs';

const GROUPS = {
  serve: serveSteps,
  pillar: pillarSteps,
  signals: signalSteps,
  compose: composeSteps,
  hostile: hostileSteps,
  bare: bareSteps,
};

/** The options of the command line; throws for an unknown one. */
function readOptions() {
  const { env } = process;
  const { values } = parseArgs({
    options: {
      'debian-image': { type: 'string', default: env.E2E_DEBIAN_IMAGE },
      'debian-mirror': { type: 'string', default: env.E2E_DEBIAN_MIRROR },
      certificates: { type: 'string', default: env.PIP_CERT || env.SSL_CERT_FILE },
      only: { type: 'string', default: Object.keys(GROUPS).join() },
      keep: { type: 'boolean', default: false },
    },
  });
  const only = values.only.split(',').filter((name) => name !== 'build');
  const unknown = only.filter((name) => !Object.hasOwn(GROUPS, name));
  if (unknown.length > 0) throw new Error(`--only knows ${Object.keys(GROUPS).join(', ')}, not ${unknown.join(', ')}`);
  return { ...values, only };
}

/** Runs everything; returns the exit code. */
async function main() {
  const options = readOptions();
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
  const work = mkdtempSync(join(tmpdir(), 'makina-image-e2e-'));
  const { step, needed, summary } = createReport(interruption.signal);
  let engine;
  let docker;
  let crashed = false;
  try {
    await needed('prepare the machine', async () => {
      await installPackages(options, interruption.signal);
      engine = await findEngine(work, interruption.signal);
      docker = createDocker(engine, interruption.signal);
      return engine.started ? 'own engine' : 'the engine that was there';
    });
    const debian = await needed('make the Debian image', () => debianImage(docker, options, interruption.signal));
    const context = { options, work, docker, step, needed, debian, env: engine.env, signal: interruption.signal };
    const images = await buildSteps(context);
    for (const name of options.only) await GROUPS[name]({ ...context, ...images });
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
  return summary() || Number(crashed);
}

process.exitCode = await main();
