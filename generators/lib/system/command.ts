import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** What a command did. */
export interface Ran {
  end: 'missing' | 'late' | 'ended';
  code: number;
  stdout: string;
  stderr: string;
}

const MILLISECONDS = 1500;

/**
 * Runs a command that answers at once; one that does not is killed. Never throws.
 * @param searchPath folders, as in PATH
 * @param timeout milliseconds after which it is killed
 */
export function ran(
  command: string,
  args: readonly string[],
  searchPath: string,
  timeout = MILLISECONDS,
): Promise<Ran> {
  const env = { ...process.env, PATH: searchPath };
  const options = { env, timeout, killSignal: 'SIGKILL' as const, maxBuffer: 16 << 20 };
  // Loaded only where it is needed.
  const { execFile } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve) => {
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      const isMissing = error?.code === 'ENOENT' || error?.code === 'EACCES';
      const end = isMissing ? 'missing' : error?.killed ? 'late' : 'ended';
      resolve({ end, code: error ? Number(error.code) || 1 : 0, stdout, stderr });
    });
    // It may have ended by then.
    child.stdin?.on('error', () => undefined).end();
  });
}

/** How a command that printed as it ran ended. */
export interface Ended {
  /** Its exit code; 1 for one that a signal ended, or that could not be started. */
  code: number;
  /** The last text that it printed. */
  tail: string;
}

const TAIL = 8192;

/**
 * Runs a command that takes its time. Never throws.
 * @param searchPath folders, as in PATH
 * @param onOutput gets what it prints, piece by piece
 * @param signal ends it
 */
export function runLong(
  command: string,
  args: readonly string[],
  searchPath: string,
  onOutput: (text: string) => void,
  signal?: AbortSignal,
): Promise<Ended> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const env = { ...process.env, PATH: searchPath };
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) });
    let tail = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        tail = (tail + text).slice(-TAIL);
        onOutput(text);
      });
    }
    child.on('error', (error) => {
      tail += error.message;
    });
    child.on('close', (code) => resolve({ code: code === null || code < 0 ? 1 : code, tail }));
  });
}

/**
 * Runs a command whose standard output is bytes. Never throws.
 * @param onBytes gets it, piece by piece
 * @param signal ends it
 * @returns its exit code, and the last that it printed on standard error
 */
export function runPiped(
  command: string,
  args: readonly string[],
  searchPath: string,
  onBytes: (piece: Buffer) => void,
  signal: AbortSignal,
): Promise<Ended> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const env = { ...process.env, PATH: searchPath };
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal });
    let tail = '';
    child.stdout.on('data', onBytes);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-TAIL);
    });
    child.on('error', (error) => {
      tail += error.message;
    });
    child.on('close', (code) => resolve({ code: code === null || code < 0 ? 1 : code, tail }));
  });
}

/**
 * Runs a command with this process's own input and output. Never throws.
 * @param searchPath folders, as in PATH
 * @param hasInput whether it may read standard input
 * @returns its exit code, 128 and the number of the signal that ended it, or 127 if it could not be started
 */
export function runAttached(
  command: string,
  args: readonly string[],
  searchPath: string,
  hasInput: boolean,
): Promise<number> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { constants } = process.getBuiltinModule('node:os');
  const env = { ...process.env, PATH: searchPath };
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: [hasInput ? 'inherit' : 'ignore', 'inherit', 'inherit'] });
    // A terminal gives the child its signals itself; this process waits for its end.
    process.on('SIGINT', () => undefined);
    for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill(name));
    child.on('error', () => resolve(127));
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** A command that runs beside this process. */
export interface Spawned {
  input: Writable;
  output: Readable;
  /** How it ended; `tail` is of its standard error. */
  ended: Promise<Ended>;
  kill: () => void;
}

/**
 * Starts a command with pipes for its input and output, in a session of its own: Ctrl-C in a terminal does not reach it.
 * @param searchPath folders, as in PATH
 */
export function spawned(command: string, args: readonly string[], searchPath: string): Spawned {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const env = { ...process.env, PATH: searchPath };
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  // It may end before it has read everything.
  child.stdin.on('error', () => undefined);
  let tail = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-TAIL);
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('error', (error) => {
      tail += error.message;
    });
    child.on('close', (code) => resolve({ code: code ?? 1, tail }));
  });
  return { input: child.stdin, output: child.stdout, ended, kill: () => child.kill('SIGKILL') };
}

/**
 * Where a command is.
 * @param searchPath folders, as in PATH
 */
export function findCommand(searchPath: string, command: string): string | undefined {
  const folders = searchPath.split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}
