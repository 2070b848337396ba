import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitForPage, withContainer } from '../docker.mjs';
import { CASE_SERVER, FAMILY, KILLED, PROCESSES } from '../in-container.mjs';
import { lazyProject } from '../project.mjs';

const LINES_A_SECOND = 10_000;
const CIRCUSCTL = ['/srv/apps/circus/venv/bin/circusctl', '--endpoint', 'ipc:///run/circus/endpoint.sock'];
const STUBBORN = `sh -c "trap '' TERM; while :; do sleep 1; done"`;

/** What becomes of programs that crash, fork, shout, do not listen, and of what they leave behind. */
export async function supervisionSteps(context) {
  const { step, counts } = context;
  const project = lazyProject(
    context,
    'e2ecases',
    { programs: { web: { cmd: 'python3 app/cases.py' }, family: { cmd: 'python3 app/family.py' } } },
    { 'project/app/cases.py': CASE_SERVER, 'project/app/family.py': FAMILY },
  );
  const inContainer = async (use) => withContainer(context, (await project()).image, {}, use);

  await step('orphans', () =>
    inContainer(async (container) => {
      await container.get();
      const { status } = await fetch(`http://${await container.address()}/orphans`);
      assert.equal(status, 200);
      // They live for 0.2 s themselves.
      await sleep(1200);
      const processes = await container.python(PROCESSES);
      assert.deepEqual(
        processes.filter(({ state }) => state === 'Z'),
        [],
        'zombies 1 s after 1,000 orphans',
      );
      assert(processes.length < 50, `${processes.length} processes are left`);
      return '1,000 of them, 0 zombies after 1 s';
    }),
  );

  // These mostly wait.
  await Promise.all([
    step('crash-loop', async () => {
      const crashing = { web: null, crashing: { cmd: `sh -c "echo attempt; exit 3"` } };
      const { image } = await lazyProject(context, 'e2ecrashloop', { programs: crashing })();
      return withContainer(context, image, {}, async (container) => {
        const start = performance.now();
        const code = await container.ended(30);
        const seconds = (performance.now() - start) / 1000;
        assert.equal(code, 3);
        const log = await container.logs();
        const deaths = countLines(log, /^attempt$/);
        assert(deaths > 1, 'it was not restarted');
        assert.equal(countLines(log, DEATH), deaths, 'not one line for each death');
        return `code 3 after ${deaths} deaths in ${seconds.toFixed(1)} s`;
      });
    }),
    step('crash-loop of a program that is not essential', async () => {
      const programs = { crashing: { cmd: `sh -c "echo attempt; exit 3"`, essential: false } };
      const { image } = await lazyProject(context, 'e2ecrashaside', { programs })();
      return withContainer(context, image, {}, async (container) => {
        await container.get();
        await waitFor(async () => /crashing died \d+ times/.test(await container.logs()), 'it is given up');
        await sleep(2000);
        assert.match(await container.get('/', 1), /It works/);
        const log = await container.logs();
        const deaths = countLines(log, /^attempt$/);
        assert(deaths > 1, 'it was not restarted');
        assert.equal(countLines(log, DEATH), deaths, 'not one line for each death');
        assert.equal((await container.stop()).code, 0);
        return `${deaths} deaths, then it stays down and the others serve`;
      });
    }),
    step('ignores-term', async () => {
      const { image } = await lazyProject(context, 'e2estubborn', { programs: { stubborn: { cmd: STUBBORN } } })();
      return withContainer(context, image, {}, async (container) => {
        await container.get();
        return stopsInTime(container);
      });
    }),
  ]);

  await step('forks', () =>
    inContainer(async (container) => {
      await container.get();
      const before = await family(container);
      assert.equal(before.length, 7, 'the program does not run as it should');
      await container.exec(...CIRCUSCTL, 'restart', 'family', '--waiting');
      const after = await waitFor(async () => {
        const now = await family(container);
        return now.length === 7 && now;
      }, 'one family after the restart');
      const left = after.filter((pid) => before.includes(pid));
      assert.deepEqual(left, [], 'these outlived the restart');
      const text = await stopsInTime(container);
      return `none of 7 left after a restart; ${text}`;
    }),
  );

  await step('loud', () =>
    inContainer(async (container) => {
      const seconds = counts.loudSeconds;
      await container.get(`/loud?${seconds}`);
      const start = performance.now();
      let requests = 0;
      while (performance.now() - start < seconds * 1000) {
        await waitForPage(`http://${await container.address()}/`, 1, context.signal);
        requests += 1;
        await sleep(100);
      }
      const wanted = seconds * LINES_A_SECOND;
      const log = await waitFor(async () => {
        const found = await container.logs('stdout');
        return found.match(LOUD)?.at(-1) === loudLine(wanted - 1) && found;
      }, 'the last line');
      const lines = log.match(LOUD);
      const first = lines.findIndex((line, index) => line !== loudLine(index));
      assert.equal(first, -1, `${lines.length} of ${wanted} lines are whole; ${inPlaceOf(log, first)}`);
      return `${wanted} lines in ${seconds} s, none lost, ${requests} requests served meanwhile`;
    }),
  );

  await step('fifty-programs', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `idle${index}`);
    const programs = Object.fromEntries(names.map((name, index) => [name, { cmd: `sleep ${100000 + index}` }]));
    const { image } = await lazyProject(context, 'e2efifty', { programs })();
    return withContainer(context, image, {}, async (container) => {
      await container.get('/', 30);
      const running = await waitFor(async () => {
        const commands = (await container.python(PROCESSES)).map(({ command }) => command);
        return names.filter((_, index) => commands.includes(`sleep ${100000 + index}`)).length === 50 && commands;
      }, 'all 50 run');
      assert.equal(new Set(running.filter((command) => command.startsWith('sleep '))).size, 50);
      return stopsInTime(container);
    });
  });

  for (const [what, pattern] of [
    ['app', /^python3 app\/cases.py$/],
    ['nginx', /^nginx: master /],
  ])
    await step(`killed-program ${what}`, async () => {
      const all = [];
      // Each in a container of its own: a second death within a minute is a crash loop's.
      for (let kill = 0; kill < counts.kills; kill += 1)
        await inContainer(async (container) => {
          await container.get();
          const { pid } = await one(container, pattern);
          const seconds = await container.python(KILLED, String(pid), 'http://127.0.0.1/');
          assert(seconds <= 1, `served again after ${seconds.toFixed(2)} s`);
          all.push(seconds);
          const again = await waitFor(() => one(container, pattern), `one ${what} runs again`);
          assert.notEqual(again.pid, pid);
          await workersHaveMaster(container);
          assert.match(await container.get('/', 1), /served/);
        });
      return `served again in ${Math.max(...all).toFixed(2)} s at most, ${all.length} times`;
    });

  await step('in-flight-request', () =>
    inContainer(async (container) => {
      await container.get();
      const request = fetch(`http://${await container.address()}/slow`);
      await sleep(500);
      const stopped = container.stop();
      const response = await request;
      assert.equal(response.status, 200);
      assert.equal(await response.text(), 'served /slow');
      const { code, seconds } = await stopped;
      assert.equal(code, 0);
      assert(seconds <= 9, `it took ${seconds.toFixed(1)} s to stop`);
      return `200; stopped in ${seconds.toFixed(2)} s`;
    }),
  );
}

/** The log's line about a death of the program `crashing`. */
const DEATH = /crashing died, process \d+, exit code 3/;

/** Each whole line of the loud program. */
const LOUD = /^loud \d{8} x{85}$/gm;

const loudLine = (number) => `loud ${String(number).padStart(8, '0')} ${'x'.repeat(85)}`;

/** What a log has in the place of a loud line that is lost, torn or moved. */
function inPlaceOf(log, number) {
  const before = Math.max(0, log.indexOf(loudLine(number - 1)));
  const found = log
    .slice(before, before + 600)
    .split('\n')
    .slice(0, 5);
  return `line ${number} is lost, torn or moved:\n${found.join('\n')}`;
}

const countLines = (log, pattern) => log.split('\n').filter((line) => pattern.test(line)).length;

/** The process ids of the program `family`. */
async function family(container) {
  const processes = await container.python(PROCESSES);
  return processes.filter(({ command }) => command === 'python3 app/family.py').map(({ pid }) => pid);
}

/** The one process of a command; throws if there is none, or more than one. */
async function one(container, pattern) {
  const found = (await container.python(PROCESSES)).filter(({ command }) => pattern.test(command));
  assert.equal(found.length, 1, `${found.length} processes are ${pattern}`);
  return found[0];
}

/** Waits until every nginx worker belongs to the master that runs. */
async function workersHaveMaster(container) {
  await waitFor(async () => {
    const { pid } = await one(container, /^nginx: master /);
    const workers = (await container.python(PROCESSES)).filter(({ command }) => /^nginx: worker /.test(command));
    return workers.length > 0 && workers.every(({ parent }) => parent === pid);
  }, 'only workers of the new nginx');
}

/** Waits at most 15 s for a true value; the last error is in the message. */
async function waitFor(look, what) {
  const end = performance.now() + 15_000;
  for (let reason = ''; ; ) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      reason = `: ${error.message}`;
    }
    if (performance.now() > end) throw new Error(`not within 15 s: ${what}${reason}`);
    await sleep(100);
  }
}

async function stopsInTime(container) {
  const { code, seconds } = await container.stop();
  assert.equal(code, 0);
  assert(seconds <= 9, `it took ${seconds.toFixed(1)} s to stop`);
  return `stopped in ${seconds.toFixed(2)} s`;
}
