/**
 * npm run test:arm64: builds the base image and the demo for arm64, under emulation unless this is such a machine, and asks for its page.
 * Run by hand, as root: it takes about ten minutes. Debian is made with mmdebstrap. Knows E2E_DEBIAN_MIRROR, and what test:e2e passes on to builds.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp, createDocker, withContainer } from './docker.mjs';
import { onInterruption } from './interruption.mjs';
import { debianImage, findEngine, installPackages } from './machine.mjs';
import { buildBase, built, dataVolume, imageName, makeBase, makeProject } from './project.mjs';
import { createReport } from './report.mjs';

/** How much longer than usual a command may take. */
const SLOWER = 4;
const EMULATOR = '/proc/sys/fs/binfmt_misc/qemu-aarch64';

/** What is missing here to run programs for arm64, as a sentence; undefined if nothing is. */
function missing() {
  if (process.arch === 'arm64') return undefined;
  if (!existsSync(EMULATOR))
    return 'nothing here runs programs for arm64; install qemu-user-static and binfmt-support, and mount binfmt_misc at /proc/sys/fs/binfmt_misc';
  if (!/^flags: \w*F/m.test(readFileSync(EMULATOR, 'utf8')))
    return `${EMULATOR} has no flag F, so the emulator is not found in a container; register it with --fix-binary yes`;
  return undefined;
}

/** Builds and asks; returns the exit code. */
async function main() {
  const what = missing();
  if (what) {
    console.error(`test:arm64: ${what}`);
    return 1;
  }
  const { env } = process;
  const options = {
    'debian-mirror': env.E2E_DEBIAN_MIRROR,
    certificates: env.PIP_CERT || env.SSL_CERT_FILE,
  };
  const signal = onInterruption();
  const work = mkdtempSync(join(tmpdir(), 'makina-image-arm64-'));
  const { step, needed, summary } = createReport(signal);
  let engine;
  try {
    await installPackages(options, signal);
    engine = await findEngine(work, signal);
    const quick = createDocker(engine, signal);
    // No --platform: an image that is imported has the engine's own architecture on its label, whatever is in it.
    const docker = (args, { timeout = 60_000, ...how } = {}) => quick(args, { ...how, timeout: timeout * SLOWER });
    const debian = await needed('make the Debian image', () => debianImage(docker, options, 13, signal, 'arm64'));
    const base = imageName('makina-image-arm64/base');
    await needed('the base image builds', async () => {
      await buildBase(docker, await makeBase({ work, options }), debian, base);
    });
    const context = { work, docker, base, signal };
    const demo = await needed('the demo project builds', () => makeProject(context, 'arm64demo'));
    await step('it serves, answers its health check and stops', () =>
      withContainer(context, demo.image, { run: dataVolume(demo) }, async (container) => {
        const start = performance.now();
        assert.match(await container.get('/', 120), /It works/);
        const seconds = (performance.now() - start) / 1000;
        assert.equal(await container.exec('uname', '-m'), 'aarch64');
        await container.healthy(120);
        assert.equal((await container.stop()).code, 0);
        return `first page after ${seconds.toFixed(1)} s`;
      }),
    );
  } catch (error) {
    console.log(`stopped: ${error.message}`);
    return summary() || 1;
  } finally {
    if (engine)
      await cleanUp(engine, engine.started ? [] : built).catch((error) => console.log(`clean-up: ${error.message}`));
    await engine?.stop();
    rmSync(work, { recursive: true, force: true });
  }
  return summary();
}

process.exitCode = await main();
