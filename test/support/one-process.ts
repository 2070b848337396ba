import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../generators/lib/package.ts';

/** In a checkout. */
export const CHILD = 'test/support/one-process-child.mjs';

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

/** A process that `command` starts for all runs of a test file, one after another. */
export function sharedProcess(command: string[]): (run: Run) => Promise<Ended> {
  let child: ChildProcess | undefined;
  let output = '';
  let last: Promise<unknown> = Promise.resolve();

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
    const [file = '', ...args] = command;
    const started = spawn(file, args, { stdio: ['ignore', ...files, 'ipc'] as never });
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

  return (run) => {
    const ended = last.then(() => next(run));
    last = ended.catch(() => undefined);
    return ended;
  };
}

/** Runs a bin in a process that this test file has for all its runs, one after another. */
export const inOneProcess = sharedProcess([process.execPath, join(packageRoot, CHILD)]);
