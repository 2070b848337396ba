import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../generators/lib/package.ts';

const CHILD = join(packageRoot, 'test/support/one-process-child.mjs');

/** A run of a bin. */
export interface Run {
  bin: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  timeout: number;
}

export interface Ended {
  exitCode?: number | undefined;
  stdout: string;
  stderr: string;
}

interface Reply {
  exitCode: number | undefined;
  isClean: boolean;
}

let child: ChildProcess | undefined;
let output = '';
let last: Promise<unknown> = Promise.resolve();

/** Runs a bin in a process that this test file has for all its runs, one after another. */
export function inOneProcess(run: Run): Promise<Ended> {
  const ended = last.then(() => next(run));
  last = ended.catch(() => undefined);
  return ended;
}

async function next({ timeout, ...run }: Run): Promise<Ended> {
  child ??= start();
  const running = child;
  const timer = setTimeout(() => running.kill('SIGKILL'), timeout);
  const { exitCode, isClean } = await new Promise<Reply>((resolve) => {
    const onExit = (code: number | null) => resolve({ exitCode: code ?? undefined, isClean: false });
    running.once('exit', onExit);
    running.once('message', (reply) => {
      running.off('exit', onExit);
      resolve(reply as Reply);
    });
    running.send(run);
  });
  clearTimeout(timer);
  if (!isClean) {
    running.kill('SIGKILL');
    child = undefined;
  }
  return { exitCode, stdout: printed('stdout'), stderr: printed('stderr') };
}

/** Output goes to files, as nobody need read these while the child writes. */
function start(): ChildProcess {
  if (!output) {
    output = mkdtempSync(join(tmpdir(), 'makina-image-output-'));
    process.once('exit', () => rmSync(output, { recursive: true, force: true }));
  }
  const files = ['stdout', 'stderr'].map((name) => openSync(join(output, name), 'a', 0o600));
  const started = spawn(process.execPath, [CHILD], { stdio: ['ignore', ...files, 'ipc'] as never });
  for (const file of files) closeSync(file);
  started.unref();
  started.channel?.unref();
  return started;
}

function printed(name: string): string {
  const text = readFileSync(join(output, name), 'utf8');
  truncateSync(join(output, name));
  return text;
}
