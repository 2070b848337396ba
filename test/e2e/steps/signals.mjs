import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withContainer } from '../docker.mjs';
import { SLOW_STOP } from '../in-container.mjs';
import { expectedCodes, markTime, SIGNALS } from '../mark.mjs';
import { twoAtATime } from '../parallel.mjs';
import { freshFolder, freshVolume, lazyProject, writeOverride } from '../project.mjs';
import { moments } from '../random.mjs';
import { pressCtrlC } from '../terminal.mjs';

/** Seconds an idle container may take to end, and any container at any moment. */
const IDLE_LIMIT = 1;
const LIMIT = 9;
/** Which part of the moments falls in which phase. */
const SHARES = { start: 0.35, reconfigure: 0.35, idle: 0.15, stop: 0.15 };

/** That a signal ends it at any time, and which code it leaves. */
export async function signalSteps(context) {
  const { step, counts, options } = context;
  const slowProject = lazyProject(
    context,
    'e2eslowstop',
    { programs: { slow: { cmd: 'python3 app/slow.py' } } },
    { 'project/app/slow.py': SLOW_STOP },
  );
  let spans;
  const measured = async () => {
    spans ??= { ...(await startSpans(context)), own: await dockersOwn(context) };
    return spans;
  };

  for (const signal of Object.keys(SIGNALS))
    await step(`signal-sweep ${signal}`, async () => {
      const { own, ...lasts } = await measured();
      const slow = await slowProject();
      const random = context.random(`signal-sweep ${signal}`);
      const share = (phase) => Math.round(counts.signals * SHARES[phase]);
      const plan = [
        ...moments(random, share('start'), lasts.start).map((delay) => ({ phase: 'start', delay })),
        ...moments(random, share('reconfigure'), lasts.reconfigure).map((delay) => ({ phase: 'reconfigure', delay })),
        ...moments(random, share('stop'), 1200).map((delay) => ({ phase: 'stop', delay, project: slow })),
      ];
      const idle = moments(random, counts.signals - plan.length, 1000).map((delay) => ({ phase: 'idle', delay }));
      const ends = await twoAtATime(plan, (moment) => sendAt(context, signal, moment));
      // One at a time, since these are held to the second.
      for (const moment of idle) ends.push(await sendAt(context, signal, { ...moment, limit: IDLE_LIMIT + own }));
      const sent = ends.filter(({ seconds }) => seconds !== undefined);
      assert.equal(ends.length, counts.signals);
      return [
        `${ends.length} moments, none lost; slowest ${slowest(sent)}; slowest idle ${slowest(sent, 'idle')}`,
        `of which docker's own ${own.toFixed(2)} s; codes ${tally(ends)}; seed ${options.seed}`,
      ].join(', ');
    });

  await step('signal-sweep HUP', async () => {
    const random = context.random('signal-sweep HUP');
    const { start } = await measured();
    let sent = 0;
    await twoAtATime(Array.from({ length: counts.hangups }), async () => {
      const volume = freshVolume(context.demo);
      await withContainer(context, context.demo.image, volume, async (container) => {
        let last = 0;
        for (const moment of moments(random, 6, start * 2)) {
          await sleep(moment - last);
          last = moment;
          assert(await container.kill('HUP'), 'HUP ended it');
          sent += 1;
        }
        assert.match(await container.get(), /It works/);
        assert.equal((await container.stop()).code, 0);
      });
    });
    return `${sent} moments, seed ${options.seed}`;
  });

  await step('signal-sweep ^C', async () => {
    const random = context.random('signal-sweep ^C');
    const { reconfigure } = await measured();
    const ends = [];
    const half = Math.floor(counts.terminals / 2);
    for (const delay of moments(random, half, reconfigure))
      ends.push(await pressCtrlC(context, { delay, limit: LIMIT }));
    for (const delay of moments(random, counts.terminals - half, 300))
      ends.push(await pressCtrlC(context, { delay, served: true, again: delay % 2 === 1, limit: LIMIT }));
    const slow = Math.max(...ends.map(({ seconds }) => seconds));
    return `${ends.length} moments; slowest ${slow.toFixed(2)} s; codes ${tally(ends)}; seed ${options.seed}`;
  });
}

/** How long the two kinds of start last, until something is served, in milliseconds: the shortest of three each. */
async function startSpans(context) {
  const { demo } = context;
  const spans = {};
  for (const kind of ['start', 'reconfigure', 'start', 'reconfigure', 'start', 'reconfigure']) {
    const volume = freshVolume(demo);
    if (kind === 'reconfigure') writeOverride(demo.name, volume.data, { app: { greeting: 'Overridden' } });
    await withContainer(context, demo.image, volume, async (container) => {
      const started = performance.now();
      await container.get('/', 30);
      // One that was held up would put most moments after the start.
      spans[kind] = Math.min(spans[kind] ?? Number.POSITIVE_INFINITY, performance.now() - started);
    });
  }
  return spans;
}

/** Seconds that pass between `docker kill` and Docker's record of the end for a program that ends at once: the median of five. */
async function dockersOwn(context) {
  const all = [];
  for (let run = 0; run < 5; run += 1)
    await withContainer(context, context.demo.image, { command: ['sleep', '60'] }, async (container) => {
      await sleep(300);
      const { sent } = await container.kill('TERM');
      await container.ended();
      all.push(((await container.endTime()) - sent) / 1000);
    });
  return all.sort((one, other) => one - other)[2];
}

/**
 * Starts a container, sends it a signal at a moment of a phase, and checks when it ended and with which code.
 * @returns `{phase, delay, code, seconds}`; no seconds if it had ended before the signal
 */
async function sendAt(context, signal, { phase, delay, project = context.demo, limit = LIMIT }) {
  const volume = freshVolume(project);
  if (phase === 'reconfigure') writeOverride(project.name, volume.data, { app: { greeting: 'Overridden' } });
  // A folder of this machine as /run: the time of the mark can be read from it.
  const runFolder = freshFolder(join(context.work, 'run-'));
  const run = [...volume.run, '--volume', `${runFolder}:/run`];
  return withContainer(context, project.image, { run }, async (container) => {
    if (phase === 'idle' || phase === 'stop') await container.get();
    if (phase === 'stop') await container.kill('TERM');
    await sleep(delay);
    const times = await container.kill(signal);
    const where = `${signal} ${delay} ms into the phase ${phase}`;
    const code = await container.ended(20);
    const seconds = times && ((await container.endTime()) - times.sent) / 1000;
    const expected = phase === 'stop' ? [0] : expectedCodes(signal, times, markTime(runFolder));
    assert(expected.includes(code), `code ${code} instead of ${expected.join(' or ')} after ${where}`);
    if (times) assert(seconds <= limit, `it took ${seconds.toFixed(2)} s after ${where}`);
    return { phase, delay, code, seconds };
  });
}

/** The slowest end, of a phase if one is named, and where it was. */
function slowest(ends, phase) {
  const among = ends.filter((end) => !phase || end.phase === phase);
  const { seconds, ...where } = among.reduce((one, other) => (other.seconds > one.seconds ? other : one));
  return `${seconds.toFixed(2)} s (${where.phase} + ${where.delay} ms)`;
}

/** How often each exit code came, as text. */
function tally(ends) {
  const count = {};
  for (const { code } of ends) count[code] = (count[code] ?? 0) + 1;
  return Object.entries(count)
    .map(([code, times]) => `${code} x ${times}`)
    .join(', ');
}
