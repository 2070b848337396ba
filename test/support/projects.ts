import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type Options } from 'execa';
import { afterAll, expect, inject } from 'vitest';
import * as z from 'zod';
import reportJsonSchema from '../../docs/report.schema.json' with { type: 'json' };
import type { Report } from '../../generators/lib/output/report.ts';
import { runBin, tempDir } from './run.ts';

const reportSchema = z.fromJSONSchema(reportJsonSchema as Parameters<typeof z.fromJSONSchema>[0]);

/** Where `demo` and `base` of this version are, and 9.0.0: for all files, which do not change it. */
export const made = inject('made');
export const newer = join(made, 'newer/dist/makina-image.cjs');
/** What one file makes for all its tests. */
export const work = mkdtempSync(join(tmpdir(), 'makina-image-work-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A project of this version. */
export function project(name = 'demo', parent = tempDir()): string {
  cpSync(join(made, 'demo'), join(parent, name), { recursive: true });
  return join(parent, name);
}

/** What a result may end with. */
const EXITS = { 'in-sync': [0], 'would-change': [0, 2], changed: [0, 2], conflicts: [3], error: [1] };
const isOf = ([verb, ...args]: string[], code: number) =>
  ![0, 2].includes(code) || verb !== 'upgrade' || args.includes('--detailed-exitcode') || code === 0;

/** The worst, in the order 1, 3, 2, 0. */
const worst = (exits: number[]) => [1, 3, 2, 0].find((code) => exits.includes(code));

/** A bin of any version. @returns what it printed and its code, and the reports if it was to print these */
export async function run(bin: string, cwd: string, args: string[], options: Options = {}) {
  const result = await runBin(bin, cwd, args, { timeout: 60_000, env: { CI: '' }, ...options });
  const lines = args.includes('--json') ? String(result.stdout).split('\n').filter(Boolean) : [];
  const reports = lines.map((line) => reportSchema.parse(JSON.parse(line)) as Report);
  if (reports.length > 0) expect(result.exitCode).toBe(worst(reports.map(({ exit }) => exit)));
  for (const { result, exit } of reports) expect(EXITS[result].filter((code) => isOf(args, code))).toContain(exit);
  return {
    code: result.exitCode,
    stdout: String(result.stdout),
    stderr: String(result.stderr),
    reports,
    report: reports[0] as Report,
  };
}

export const change = (root: string, path: string, how: (text: string) => string) =>
  writeFileSync(join(root, path), how(readFileSync(join(root, path), 'utf8')));
export const text = (root: string, path: string) => readFileSync(join(root, path), 'utf8');
/** An edit of the very line that the newer templates change. */
export const clash = (root: string) =>
  change(root, 'project/launch.sh', (launch) => launch.replace('\n', '\n# mine\n'));
export const actionOf = ({ files }: Report, path: string) => {
  const file = files.find((file) => file.path === path);
  return file && [file.action, file.reason, file.resolved].filter(Boolean).join(' ');
};

/** Runs git with the name of a user. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.invalid', '-c', 'init.defaultBranch=main'];
  return (await execa('git', [...identity, ...args], { cwd })).stdout;
}

/** Commits all of a project. */
export async function repository(root = project()): Promise<string> {
  await git(root, 'init', '--quiet');
  await git(root, 'add', '--all');
  await git(root, 'commit', '--quiet', '--message', 'all');
  return root;
}
