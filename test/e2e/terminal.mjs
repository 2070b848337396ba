/** Commands on a terminal. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort, LABEL, waitForPage } from './docker.mjs';
import { DOCKER } from './machine.mjs';
import { expectedCodes, markTime } from './mark.mjs';
import { freshFolder, freshVolume, writeOverride } from './project.mjs';

/**
 * Runs the demo on a terminal and types ^C at a moment after its start, or after it is served, perhaps twice.
 * @returns its exit code, and the seconds it took
 */
export async function pressCtrlC({ demo, docker, env, signal, work }, { delay, served = false, again = false, limit }) {
  const port = await freePort();
  const runFolder = freshFolder(join(work, 'run-'));
  const idFile = join(runFolder, 'container-id');
  const volume = freshVolume(demo);
  // Salt makes the start long enough for ^C to come in time.
  if (!served) writeOverride(demo.name, volume.data, { app: { greeting: 'Overridden' } });
  const mounts = ['-v', `${runFolder}:/run`, ...volume.run];
  const words = [DOCKER, 'run', '-it', '--label', LABEL, '--cidfile', idFile, '-p', `127.0.0.1:${port}:80`, ...mounts];
  const terminal = execa(
    'script',
    ['--quiet', '--return', '--command', ['exec', ...words, demo.image].join(' '), '/dev/null'],
    {
      env,
      all: true,
      reject: false,
      cancelSignal: signal,
      timeout: 60_000,
    },
  );
  if (served) await waitForPage(`http://127.0.0.1:${port}/`, 20, signal);
  else await running(docker, idFile, signal);
  await sleep(delay);
  const sent = Date.now();
  terminal.stdin.write('\x03');
  const delivered = Date.now();
  if (again) {
    await sleep(150);
    terminal.stdin.write('\x03');
  }
  const { exitCode, timedOut, all } = await terminal;
  const seconds = (Date.now() - sent) / 1000;
  const where = `^C ${delay} ms after it ${served ? 'was served' : 'started'}`;
  if (timedOut) throw new Error(`no end after ${where}\n${all}`);
  const id = readFileSync(idFile, 'utf8');
  // The second ^C can come when the container is gone, and end docker's own command.
  const own = await docker(['inspect', '--format', '{{.State.ExitCode}}', id]);
  const code = again ? Number(own.stdout) : exitCode;
  await docker(['rm', '--force', '--volumes', id]);
  const expected = expectedCodes('INT', { sent, delivered }, markTime(runFolder));
  assert(expected.includes(code), `code ${code} instead of ${expected.join(' or ')} after ${where}\n${all}`);
  assert(seconds <= limit, `it took ${seconds.toFixed(2)} s after ${where}`);
  return { code, seconds };
}

/** Waits until the container whose id is written to a file runs: before that ^C is for docker alone. */
async function running(docker, idFile, signal) {
  const end = performance.now() + 20_000;
  while (performance.now() < end) {
    signal.throwIfAborted();
    if (existsSync(idFile)) {
      const id = readFileSync(idFile, 'utf8');
      const { stdout } = await docker(['inspect', '--format', '{{.State.Running}}', id], { reject: false });
      if (stdout === 'true') return;
    }
    await sleep(20);
  }
  throw new Error('docker run -it did not start');
}
/**
 * Runs a command on a terminal until a page is served on the port, and types ^C then.
 * @returns what execa returns; the 130 that compose may end with after a ^C, once all is stopped, counts as 0
 */
export async function untilItServes(words, { cwd, env, timeout }, port, signal) {
  // The shell of `script` would end at the ^C itself.
  const command = `exec ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')}`;
  const terminal = execa('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    ...{ cwd, env, timeout, extendEnv: false, all: true, reject: false },
    cancelSignal: signal,
  });
  let ended = false;
  terminal.finally(() => {
    ended = true;
  });
  const mustRun = async () => {
    if (ended) throw new Error(`it has ended:\n${(await terminal).all}`);
  };
  await waitForPage(`http://127.0.0.1:${port}/`, timeout / 1000, signal, mustRun);
  terminal.stdin.write('\x03');
  const { exitCode, all, timedOut } = await terminal;
  const isStopped = exitCode === 130 && /^Stopping .*done/m.test(all);
  return { exitCode: isStopped ? 0 : exitCode, all, timedOut };
}
