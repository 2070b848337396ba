/**
 * `npm run bench:build`: how long an image takes to build again after an edit of one line of code, and what it adds to a registry.
 *
 * Needs what `npm run test:e2e` needs, and knows its variables as bench:boot does. ROUNDS (9) is the number of rounds; the project of
 * 0.2.0 takes minutes, and has OLD_ROUNDS (3) of them; OLD_ROUNDS=0 leaves it out. In a round each has its turn, and each round begins
 * with another one. Ratios are medians of the ratios of each round. A missed goal is printed, and is no failure.
 */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp, createDocker } from '../e2e/docker.mjs';
import { onInterruption } from '../e2e/interruption.mjs';
import { debianImage, findEngine, installPackages } from '../e2e/machine.mjs';
import { built } from '../e2e/project.mjs';
import { prepareProjects } from './build/images.mjs';
import { printResults } from './build/print.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 9);
const OLD_ROUNDS = Number(process.env.OLD_ROUNDS ?? 3);

/** Runs the rounds of one builder; returns seconds by letter, and the new bytes of a build of a and of b. */
async function measure(docker, subjects, kit) {
  const letters = Object.keys(subjects);
  const seconds = Object.fromEntries(letters.map((letter) => [letter, []]));
  const bytes = {};
  for (const letter of letters) await subjects[letter].build(kit);
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round % letters.length;
    for (const letter of [...letters.slice(first), ...letters.slice(0, first)]) {
      if (letter === 'c' && round >= OLD_ROUNDS) continue;
      const { file, image, build } = subjects[letter];
      const before = await history(docker, image(kit));
      appendFileSync(file, `# ${round}\n`);
      const start = performance.now();
      await build.call(subjects[letter], kit);
      seconds[letter].push((performance.now() - start) / 1000);
      const after = await history(docker, image(kit));
      bytes[letter] = after
        .filter((line) => !before.includes(line))
        .reduce((sum, line) => sum + Number(line.split(' ')[0]), 0);
    }
  }
  return { seconds, bytes };
}

/** The layers of an image, as lines `BYTES TIME COMMAND`. */
async function history(docker, image) {
  const format = '{{.Size}} {{.CreatedAt}} {{.CreatedBy}}';
  const { stdout } = await docker(['history', '--no-trunc', '--human=false', '--format', format, image]);
  return stdout.split('\n');
}

/** Builds, measures and prints; returns the exit code. */
async function main() {
  const { env } = process;
  const options = {
    'debian-13-image': env.E2E_DEBIAN_13_IMAGE,
    'debian-12-image': env.E2E_DEBIAN_12_IMAGE,
    'debian-mirror': env.E2E_DEBIAN_MIRROR,
  };
  const signal = onInterruption();
  const work = mkdtempSync(join(tmpdir(), 'makina-image-bench-'));
  let engine;
  try {
    await installPackages(options, signal);
    engine = await findEngine(work, signal);
    const docker = createDocker(engine, signal);
    const debian = await debianImage(docker, options, '13', signal);
    // 0.2.0 pins what runs on the Python of Debian 12 alone.
    const oldDebian = OLD_ROUNDS > 0 && (await debianImage(docker, options, '12', signal));
    const certificates = env.PIP_CERT || env.SSL_CERT_FILE;
    const subjects = await prepareProjects({ docker, work, debian, oldDebian, certificates });
    for (const kit of [false, true]) printResults(subjects, kit, await measure(docker, subjects, kit), ROUNDS);
    return 0;
  } catch (error) {
    console.error(`stopped: ${signal.aborted ? signal.reason.message : error.message}`);
    return 1;
  } finally {
    // What is in an engine of our own goes with it.
    if (engine)
      await cleanUp(engine, engine.started ? [] : [...new Set(built)]).catch((error) => console.error(error.message));
    await engine?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

process.exitCode = await main();
