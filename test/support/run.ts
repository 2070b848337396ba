import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type Options } from 'execa';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';

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

/** Runs the bin in a folder; never asks, never throws. */
export function makinaImage(cwd: string, args: string[], options: Options = {}) {
  // What some CI sets would colour what is compared.
  const env = { FORCE_COLOR: '', COLUMNS: '', ...options.env };
  const usual = { cwd, reject: false, stdin: 'ignore', timeout: 20_000 } as const;
  return execa('node', [BIN, ...args], { ...usual, ...options, env } as const);
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
