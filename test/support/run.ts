import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa, type Options } from 'execa';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { type Ended, inOneProcess } from './one-process.ts';

export const BIN = join(packageRoot, 'dist/makina-image.cjs');

/** A fresh folder, gone when the test ends. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'makina-image-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The same, in memory where that is possible: for thousands of trees. */
export function fastDir(): string {
  if (!existsSync('/dev/shm')) return tempDir();
  const dir = mkdtempSync('/dev/shm/makina-image-test-');
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const TIMEOUT = 20_000;
// What some CI sets would colour what is compared.
const PLAIN = { FORCE_COLOR: '', COLUMNS: '' };

/** Runs the bin in a folder, in a process that the file's other runs share if it can; never asks, never throws. */
export function makinaImage(cwd: string, args: string[], options: Options = {}): Promise<Ended> {
  return runBin(BIN, cwd, args, { timeout: TIMEOUT, ...options, env: { ...PLAIN, ...options.env } });
}

/** The same, in a process of its own. */
export function startMakinaImage(cwd: string, args: string[], options: Options = {}) {
  return startBin(BIN, cwd, args, { timeout: TIMEOUT, ...options, env: { ...PLAIN, ...options.env } });
}

/** What runs of one process can differ in. */
const SHARED = ['cwd', 'env', 'timeout', 'stripFinalNewline'];
/** What Node or the bin reads before it runs its bundle. */
const OF_A_START = ['NODE_OPTIONS', 'XDG_CACHE_HOME'];

/** Runs a bin of any version; in a process that the file's other runs share, if that makes no difference to it. */
export async function runBin(bin: string, folder: string, args: string[], options: Options): Promise<Ended> {
  const isShared =
    Object.keys(options).every((name) => SHARED.includes(name)) &&
    OF_A_START.every((name) => options.env?.[name] === undefined) &&
    existsSync(join(dirname(bin), 'bundle.cjs'));
  if (!isShared) {
    const { exitCode, stdout = '', stderr = '' } = await startBin(bin, folder, args, options);
    return { exitCode, stdout: String(stdout), stderr: String(stderr) };
  }
  const { cwd = folder, env, timeout = TIMEOUT, stripFinalNewline = true } = options;
  const ended = await inOneProcess({ bin, args, cwd: String(cwd), env: { ...process.env, ...env }, timeout });
  const text = (printed: string) => (stripFinalNewline ? printed.replace(/\n$/, '') : printed);
  return { ...ended, stdout: text(ended.stdout), stderr: text(ended.stderr) };
}

/** Runs a bin in a process of its own; never throws. */
export function startBin(bin: string, cwd: string, args: string[], options: Options) {
  return execa('node', [bin, ...args], { cwd, reject: false, stdin: 'ignore', ...options } as const);
}

/** Runs a command line on a pseudo-terminal and types the answers, each after the text it waits for. */
export function onTerminal(
  cwd: string,
  command: string[],
  dialogue: [waitFor: string, type: string][],
  env: NodeJS.ProcessEnv = {},
) {
  const script = `
import json, os, pty, select, sys, time
command, dialogue = json.loads(sys.argv[1]), json.loads(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, end = b'', time.time() + 40
while time.time() < end:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
        sys.stdout.buffer.write(chunk)
    if dialogue and dialogue[0][0].encode() in seen:
        seen = b''
        time.sleep(0.2)
        os.write(terminal, dialogue.pop(0)[1].encode())
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
  const { CI: _, ...inherited } = process.env;
  return execa('python3', ['-c', script, JSON.stringify(command), JSON.stringify(dialogue)], {
    cwd,
    reject: false,
    stdin: 'ignore',
    timeout: 50_000,
    extendEnv: false,
    env: { ...inherited, ...env },
  });
}
