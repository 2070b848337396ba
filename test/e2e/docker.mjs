/** Docker, as the steps use it: bounded commands, and containers that never outlive the step that started them. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { DOCKER } from './machine.mjs';

/** Marks the containers of this run. */
export const LABEL = `makina-image-e2e=${process.pid}`;

/**
 * @param engine as findEngine returns it
 * @param signal aborts what runs
 * @returns docker(args, options): runs a docker command and returns what execa returns, its output in `all`; throws an Error
 *   with the end of the output if it fails, unless options.reject is false
 */
export function createDocker(engine, signal) {
  return async (args, { reject = true, timeout = 60_000, ...options } = {}) => {
    const result = await execa(DOCKER, args, {
      env: { DOCKER_BUILDKIT: '0', ...engine.env, ...options.env },
      cancelSignal: signal,
      timeout,
      all: true,
      reject: false,
      stdin: 'ignore',
    });
    if (result.timedOut || (reject && result.exitCode !== 0))
      throw new Error(
        `docker ${args.map(firstLine).join(' ')}: ${result.timedOut ? 'no end' : `exit code ${result.exitCode}`}\n${tail(result.all)}`,
      );
    return result;
  };
}

/** Of a program among the arguments, nothing: those start with a line break. */
const firstLine = (text) => text.split('\n')[0];

/** Removes the containers of this run that are still there, and images, which may not exist. */
export async function cleanUp(engine, images) {
  const docker = createDocker(engine);
  const { stdout } = await docker(['ps', '--all', '--quiet', '--filter', `label=${LABEL}`]);
  if (stdout) await docker(['rm', '--force', '--volumes', ...stdout.split('\n')]);
  for (const image of images) await docker(['image', 'rm', image], { reject: false });
}

/**
 * Starts a container, hands it to `use`, and removes it. When `use` throws, the container's log is added to the message.
 * @param run options of `docker run`, `command` instead of the image's own
 */
export async function withContainer({ docker, signal }, image, { run = [], command = [] }, use) {
  const { stdout: id } = await docker([
    'run',
    '--detach',
    '--label',
    LABEL,
    '--publish',
    '127.0.0.1::80',
    ...run,
    image,
    ...command,
  ]);
  const container = new Container(docker, signal, id);
  try {
    return await use(container);
  } catch (error) {
    if (!signal.aborted) error.message += `\n--- its log\n${tail(await container.logs())}`;
    throw error;
  } finally {
    if (!signal.aborted) await docker(['rm', '--force', '--volumes', id]);
  }
}

/**
 * Runs a container that ends by itself, and removes it.
 * @returns `{code, stdout, stderr, changed}`: `changed` are the paths of its own layer that it made, changed or removed
 */
export async function runToEnd({ docker, signal }, image, { run = [], command = [], seconds = 40 } = {}) {
  const name = `makina-image-e2e-${process.pid}-${runToEnd.count++}`;
  const args = ['run', '--name', name, '--label', LABEL, ...run, image, ...command];
  try {
    const { exitCode, stdout, stderr } = await docker(args, { reject: false, timeout: seconds * 1000 });
    const diff = (await docker(['diff', name])).stdout;
    return { code: exitCode, stdout, stderr, changed: changedPaths(diff) };
  } finally {
    if (!signal.aborted) await docker(['rm', '--force', '--volumes', name], { reject: false });
  }
}
runToEnd.count = 0;

/** The paths that `docker diff` names, but for the folders that only hold others of them. */
function changedPaths(diff) {
  const paths = diff.split('\n').filter(Boolean);
  return paths
    .filter((line) => line[0] !== 'C' || !paths.some((other) => other.slice(2).startsWith(`${line.slice(2)}/`)))
    .map((line) => line.slice(2));
}

/** A container that was started. */
class Container {
  constructor(docker, signal, id) {
    Object.assign(this, { docker, signal, id });
  }

  /** The body that is served on a path: waits at most `seconds` for status 200. */
  async get(path = '/', seconds = 20) {
    return waitForPage(`http://${await this.address()}${path}`, seconds, this.signal, () => this.mustRun());
  }

  /** Throws if it has ended. */
  async mustRun() {
    const { running, code } = await this.state();
    if (!running) throw new Error(`it has ended, with code ${code}`);
  }

  /** `127.0.0.1:PORT` of its port 80. */
  async address() {
    const { exitCode, stdout, all } = await this.docker(['port', this.id, '80/tcp'], { reject: false });
    if (exitCode === 0) return stdout.split('\n')[0];
    // A port is open as long as the container runs.
    await this.mustRun();
    throw new Error(all);
  }

  /** Standard output and standard error so far: in `all` a line of one can be inside a line of the other, as they are read. */
  async logs(what = 'all') {
    return (await this.docker(['logs', this.id], { reject: false }))[what];
  }

  /** The paths of its own layer that it made, changed or removed so far. */
  async changed() {
    return changedPaths((await this.docker(['diff', this.id])).stdout);
  }

  async state() {
    const format =
      '{{.State.Running}} {{.State.ExitCode}} {{.State.Pid}} {{if .State.Health}}{{.State.Health.Status}}{{end}}';
    const { stdout } = await this.docker(['inspect', '--format', format, this.id]);
    const [running, code, pid, health] = stdout.split(' ');
    return { running: running === 'true', code: Number(code), pid: Number(pid), health };
  }

  /** Its processes as `{uid, command}`. */
  async processes() {
    const { stdout } = await this.docker(['top', this.id, '-o', 'pid,uid,args']);
    return stdout
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .map(([, uid, ...command]) => ({ uid, command: command.join(' ') }));
  }

  /** What a command in it prints. */
  async exec(...command) {
    return (await this.docker(['exec', this.id, ...command])).stdout;
  }

  /** What a Python program of in-container.mjs prints, which is JSON. */
  async python(program, ...args) {
    return JSON.parse(await this.exec('python3', '-c', program, ...args));
  }

  /**
   * Sends it a signal with `docker kill`.
   * @returns `{sent, delivered}`: the times just before and after, or undefined if it had ended already
   */
  async kill(signal) {
    const sent = Date.now();
    const { exitCode, all } = await this.docker(['kill', '--signal', signal, this.id], { reject: false });
    if (exitCode === 0) return { sent, delivered: Date.now() };
    if (!/is not running/.test(all)) throw new Error(`docker kill --signal ${signal}: ${all}`);
  }

  /** When it ended, by Docker's own record, in milliseconds since 1970. */
  async endTime() {
    return Date.parse((await this.docker(['inspect', '--format', '{{.State.FinishedAt}}', this.id])).stdout);
  }

  /** Waits until its health check passes. */
  async healthy(seconds = 30) {
    const end = performance.now() + seconds * 1000;
    while ((await this.state()).health !== 'healthy') {
      if (performance.now() > end) throw new Error(`it is not healthy after ${seconds} s`);
      await sleep(200);
    }
  }

  async start() {
    await this.docker(['start', this.id]);
  }

  /** Stops it without a word, as a power cut would. */
  async crash() {
    await this.docker(['kill', '--signal', 'KILL', this.id], { reject: false });
    await this.ended();
  }

  /** `docker stop`, as its user would: returns its state, and the seconds it took. */
  async stop() {
    const start = performance.now();
    await this.docker(['stop', this.id]);
    const seconds = (performance.now() - start) / 1000;
    return { ...(await this.state()), seconds };
  }

  /** Waits until it has ended by itself; returns its exit code. */
  async ended(seconds = 20) {
    const { stdout } = await this.docker(['wait', this.id], { timeout: seconds * 1000 });
    return Number(stdout);
  }
}

/**
 * The body of a page, as soon as it is served with status 200.
 * @param stillPossible called about once a second; throws when the page never will be served
 */
export async function waitForPage(url, seconds, signal, stillPossible = async () => {}) {
  const start = performance.now();
  for (let last = '', tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    try {
      const { status, body } = await fetchPage(url);
      if (status === 200) return body;
      last = `status ${status}`;
    } catch (error) {
      last = error.cause?.message ?? error.message;
    }
    if (tries % 20 === 0) await stillPossible();
    if (performance.now() - start > seconds * 1000) throw new Error(`${url} is not served after ${seconds} s: ${last}`);
    await sleep(50);
  }
}

/** Status and body of a page. The timer also keeps Node alive: a connection that is not answered would not. */
async function fetchPage(url) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error('no answer within 2 s')), 2000);
  try {
    const response = await fetch(url, { signal: late.signal });
    return { status: response.status, body: await response.text() };
  } finally {
    clearTimeout(timer);
  }
}

/** The last lines of a text. */
export function tail(text, lines = 30) {
  return String(text).trimEnd().split('\n').slice(-lines).join('\n');
}

/** A port of 127.0.0.1 that nothing listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
