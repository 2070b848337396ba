import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort, LABEL, waitForPage, withContainer } from '../docker.mjs';
import { DOCKER } from '../machine.mjs';
import { dataVolume } from '../project.mjs';

/** Signals per start, and the seconds after which one counts as lost. */
const MOMENTS = 10;
const PATIENCE = 6;

/** That a signal ends it at any time. */
export async function signalSteps(context) {
  const { step, demo, docker } = context;
  const run = dataVolume(demo);
  let startLasts = 2000;
  await step('it serves within 10 seconds', async () => {
    const start = performance.now();
    await withContainer(context, demo.name, { run }, async (container) => {
      await container.get('/', 10);
      startLasts = Math.round(performance.now() - start);
    });
    return `in ${startLasts} ms`;
  });

  for (const [index, signal] of ['TERM', 'INT'].entries())
    await step(`no ${signal} during the start is lost`, async () => {
      const slowest = { seconds: 0 };
      for (let moment = index / 2; moment < MOMENTS; moment += 1)
        await withContainer(context, demo.name, { run }, async (container) => {
          const delay = Math.round((moment * startLasts) / MOMENTS);
          await sleep(delay);
          const sent = performance.now();
          await docker(['kill', '--signal', signal, container.id]);
          const code = await container.ended(PATIENCE);
          const seconds = (performance.now() - sent) / 1000;
          assert([0, signal === 'TERM' ? 143 : 130].includes(code), `code ${code} after ${delay} ms`);
          if (seconds > slowest.seconds) Object.assign(slowest, { seconds, delay });
        });
      return `slowest ${slowest.seconds.toFixed(2)} s, sent after ${slowest.delay} ms`;
    });

  await step('Ctrl-C ends docker run -it', async () => {
    const { code, seconds } = await pressCtrlC(context, (port) =>
      waitForPage(`http://127.0.0.1:${port}/`, 20, context.signal),
    );
    assert.equal(code, 0);
    assert(seconds < 5, `it took ${seconds.toFixed(1)} s`);
    return `in ${seconds.toFixed(2)} s`;
  });

  await step('Ctrl-C during the start ends docker run -it', async () => {
    const { code, seconds } = await pressCtrlC(context, () => sleep(700));
    assert.equal(code, 130);
    assert(seconds < 5, `it took ${seconds.toFixed(1)} s`);
    return `in ${seconds.toFixed(2)} s`;
  });
}

/** Runs the demo on a terminal, types Ctrl-C after `moment(port)`, and returns the exit code and the seconds it took then. */
async function pressCtrlC({ demo, env, signal }, moment) {
  const port = await freePort();
  const words = [DOCKER, 'run', '-it', '--rm', '--label', LABEL, '-p', `127.0.0.1:${port}:80`, demo.name];
  const terminal = execa('script', ['--quiet', '--return', '--command', words.join(' '), '/dev/null'], {
    env,
    all: true,
    reject: false,
    cancelSignal: signal,
    timeout: 60_000,
  });
  await moment(port);
  const typed = performance.now();
  terminal.stdin.write('\x03');
  const { exitCode, timedOut, all } = await terminal;
  if (timedOut) throw new Error(`no end\n${all}`);
  return { code: exitCode, seconds: (performance.now() - typed) / 1000 };
}
