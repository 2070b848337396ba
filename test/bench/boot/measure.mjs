/** What is measured of one container. */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LABEL, tail } from '../../e2e/docker.mjs';

/** Milliseconds between two looks at the page. */
const LOOK = 2;
/** Seconds after which a start is given up. */
const PATIENCE = 60;
/** Milliseconds before memory is looked at: by then nothing starts any more. */
const SETTLING = 2000;
// Its own processes are left out: the shell by its number, what it starts because the list is made before.
const MEMORY = `
for process in /proc/[0-9]*; do
  [ "$process" != "/proc/$$" ] || continue
  echo "process $(tr '\\0' ' ' 2>/dev/null <"$process/cmdline")"
  grep -E '^(Rss|Pss):' "$process/smaps_rollup" 2>/dev/null
done
:`;

/**
 * Starts a container, hands its id to `use`, and removes it.
 * @returns `{boot, early, used}`: milliseconds from `docker run` to the first page with status 200, whether the very first
 *   look found it, and what `use` returned
 * @throws Error when the page does not come, or is another one than subject.greeting says
 */
export async function started({ docker, signal, port }, subject, use) {
  const publish = ['--publish', `127.0.0.1:${port}:80`];
  const start = performance.now();
  const { stdout: id } = await docker(['run', '--detach', '--label', LABEL, ...publish, ...subject.run, subject.image]);
  try {
    const { body, looks } = await firstPage(port, start, signal);
    const boot = performance.now() - start;
    if (!body.includes(subject.greeting)) throw new Error(`the page does not say "${subject.greeting}": ${body}`);
    return { boot, early: looks === 1, used: await use(id) };
  } catch (error) {
    if (!signal.aborted) error.message += `\n${tail((await docker(['logs', id], { reject: false })).all)}`;
    throw error;
  } finally {
    if (!signal.aborted) await docker(['rm', '--force', '--volumes', id]);
  }
}

/** Milliseconds that `docker stop` takes. */
export async function stopTime(docker, id) {
  const start = performance.now();
  await docker(['stop', id]);
  return performance.now() - start;
}

/** Milliseconds that a container takes that does nothing. */
export async function emptyRun(docker, image) {
  const start = performance.now();
  await docker(['run', '--rm', '--label', LABEL, image, 'true']);
  return performance.now() - start;
}

/** MiB of all processes that are neither the application nor nginx: `{pss, rss}`. */
export async function memoryBeside(docker, id) {
  await sleep(SETTLING);
  const { stdout } = await docker(['exec', id, 'sh', '-c', MEMORY]);
  const sum = { pss: 0, rss: 0 };
  for (const [command, ...lines] of stdout.split(/^process /m).map((text) => text.split('\n'))) {
    if (/server\.py|nginx/.test(command)) continue;
    for (const line of lines) {
      const [, kind, kilobytes] = /^([RP]ss):\s*(\d+) kB/.exec(line) ?? [];
      if (kind) sum[kind.toLowerCase()] += Number(kilobytes) / 1024;
    }
  }
  if (sum.rss === 0) throw new Error(`no memory could be read:\n${stdout}`);
  return sum;
}

async function firstPage(port, start, signal) {
  for (let looks = 1; performance.now() - start < PATIENCE * 1000; looks += 1) {
    signal.throwIfAborted();
    const { status, body } = await page(port);
    if (status === 200) return { body, looks };
    await sleep(LOOK);
  }
  throw new Error(`no page after ${PATIENCE} s`);
}

/** Status and body of the page; neither if there is no answer. */
function page(port) {
  return new Promise((resolve) => {
    const none = () => resolve({});
    const request = get({ host: '127.0.0.1', port, agent: false, timeout: 2000 }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
      response.on('error', none);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', none);
  });
}
