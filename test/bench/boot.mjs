/**
 * `npm run bench:boot`: how long images that serve the same page in different ways take to start and to stop, and their memory.
 *
 * Needs what `npm run test:e2e` needs, and knows its E2E_DEBIAN_13_IMAGE, E2E_DEBIAN_12_IMAGE, E2E_DEBIAN_MIRROR, PIP_* and proxy variables.
 * ROUNDS (15) is the number of rounds. Nothing is random: in a round each image has its turn, and each round begins with another one.
 * The first round is not counted. Ratios are medians of the ratios of each round. A missed goal is printed, and is no failure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp, createDocker, freePort } from '../e2e/docker.mjs';
import { onInterruption } from '../e2e/interruption.mjs';
import { debianImage, findEngine, installPackages } from '../e2e/machine.mjs';
import { built } from '../e2e/project.mjs';
import { buildImages } from './boot/images.mjs';
import { emptyRun, memoryBeside, started, stopTime } from './boot/measure.mjs';
import { printResults } from './boot/print.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
/** Memory hardly varies, and each look at it takes seconds. */
const MEMORY_ROUNDS = Math.min(ROUNDS, 3);
const MEMORY_OF = ['a', 'b', 'c', 'd', 'g', 'h'];

/** Runs all rounds; returns the values by letter: `{boot, stop, pss, rss}`, and `empty` for a container that does nothing. */
async function measure(context, subjects) {
  const { docker } = context;
  const letters = Object.keys(subjects);
  const values = Object.fromEntries(letters.map((letter) => [letter, { boot: [], stop: [], pss: [], rss: [] }]));
  values.empty = { boot: [] };
  let early = 0;
  for (let round = -1; round < ROUNDS; round += 1) {
    const first = (round + 1) % letters.length;
    const empty = await emptyRun(docker, subjects.a.image);
    if (round >= 0) values.empty.boot.push(empty);
    for (const letter of [...letters.slice(first), ...letters.slice(0, first)]) {
      const result = await started(context, subjects[letter], (id) => stopTime(docker, id));
      if (round < 0) continue;
      values[letter].boot.push(result.boot);
      values[letter].stop.push(result.used);
      early += result.early;
    }
  }
  if (early > 0) console.log(`${early} starts were over before the first look: their time is too long`);
  for (let round = 0; round < MEMORY_ROUNDS; round += 1)
    for (const letter of MEMORY_OF) {
      const { used } = await started(context, subjects[letter], (id) => memoryBeside(docker, id));
      values[letter].pss.push(used.pss);
      values[letter].rss.push(used.rss);
    }
  return values;
}

/** Builds, measures and prints; returns the exit code. */
async function main() {
  const { env } = process;
  const options = {
    'debian-13-image': env.E2E_DEBIAN_13_IMAGE,
    'debian-12-image': env.E2E_DEBIAN_12_IMAGE,
    'debian-mirror': env.E2E_DEBIAN_MIRROR,
    certificates: env.PIP_CERT || env.SSL_CERT_FILE,
  };
  const signal = onInterruption();
  const work = mkdtempSync(join(tmpdir(), 'makina-image-bench-'));
  let engine;
  try {
    await installPackages(options, signal);
    engine = await findEngine(work, signal);
    const docker = createDocker(engine, signal);
    const debian = await debianImage(docker, options, 13, signal);
    // 0.2.0 pins what runs on the Python of Debian 12 alone.
    const oldDebian = await debianImage(docker, options, 12, signal);
    const subjects = await buildImages({ docker, work, debian, oldDebian, options });
    const values = await measure({ docker, signal, port: await freePort() }, subjects);
    printResults(subjects, values, ROUNDS);
    return 0;
  } catch (error) {
    console.error(`stopped: ${signal.aborted ? signal.reason.message : error.message}`);
    return 1;
  } finally {
    // What is in an engine of our own goes with it.
    if (engine) await cleanUp(engine, engine.started ? [] : built).catch((error) => console.error(error.message));
    await engine?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

process.exitCode = await main();
