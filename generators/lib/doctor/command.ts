import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

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
 */
export function ran(command: string, args: readonly string[], searchPath: string): Promise<Ran> {
  const env = { ...process.env, PATH: searchPath };
  const options = { env, timeout: MILLISECONDS, killSignal: 'SIGKILL' as const, maxBuffer: 16 << 20 };
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

/**
 * Where a command is.
 * @param searchPath folders, as in PATH
 */
export function findCommand(searchPath: string, command: string): string | undefined {
  const folders = searchPath.split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}
