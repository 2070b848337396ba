/** The override of a test's container: written, applied, refused and taken back. */

import fs from 'node:fs';
import { join } from 'node:path';
import type { Dict } from '../../model/dict.ts';
import { merge } from '../../model/intent.ts';
import { type Bench, failure, waitUntilHealthy } from './container.ts';

const PILLAR = 'configuration/pillar.sls';
/** The exit code of `reconfigure` for an override that is refused. */
const REFUSED = 78;

/** Writes the override of test.yaml before the first start. */
export function writeOverride(bench: Bench, data: Dict): void {
  if (Object.keys(data).length > 0) writePillar(join(bench.run.root, 'data', PILLAR), pillarOf(bench, data));
}

const pillarOf = ({ image }: Bench, data: Dict) => ({ [`makina-projects.${image.name}`]: { data } });

function writePillar(path: string, pillar: Dict): void {
  // JSON is YAML.
  fs.writeFileSync(path, `${JSON.stringify(pillar)}\n`);
  // Root refuses one that others could write to, whatever the umask.
  fs.chmodSync(path, 0o600);
}

const inContainer = ({ image }: Bench) => `/srv/projects/${image.name}/data/${PILLAR}`;

/** The engine writes it: a link that the container's root made would lead this process out of the data folder. */
async function sendPillar(bench: Bench, pillar: Dict): Promise<void> {
  const { engine, run, signal } = bench;
  const path = join(run.root, 'pillar.sls');
  writePillar(path, pillar);
  await engine.run(['cp', path, `${run.name}:${inContainer(bench)}`], () => undefined, signal);
}

/** Adds a setting that no program knows, and applies it. */
export async function applyOverride(bench: Bench, data: Dict): Promise<void> {
  await sendPillar(bench, pillarOf(bench, merge(data, { app: { makina_image_test: bench.run.name } }, {})));
  await reconfigure(bench, 0);
  await waitUntilHealthy(bench);
}

/** Writes one that cannot be used: it must be refused, and nothing restart. */
export async function refuseOverride(bench: Bench): Promise<void> {
  const before = await processesOf(bench);
  await sendPillar(bench, { makina_image_test: true });
  await reconfigure(bench, REFUSED);
  await waitUntilHealthy(bench);
  const after = await processesOf(bench);
  const restarted = [...before].filter(([name, pids]) => after.get(name) !== pids).map(([name]) => name);
  if (restarted.length > 0) throw failure(`the refused override has restarted ${restarted.join(', ')}`);
}

/** Goes back to the override of test.yaml, or to none. */
export async function takeBackOverride(bench: Bench, data: Dict): Promise<void> {
  const { engine, run, signal } = bench;
  if (Object.keys(data).length > 0) await sendPillar(bench, pillarOf(bench, data));
  else await engine.run(['exec', run.name, 'rm', '-f', inContainer(bench)], () => undefined, signal);
  await reconfigure(bench, 0);
  await waitUntilHealthy(bench);
}

async function reconfigure({ engine, image, run, signal }: Bench, expected: number): Promise<void> {
  const command = `/srv/projects/${image.name}/project/launch.sh`;
  const { code, tail } = await engine.finish(['exec', run.name, command, 'reconfigure'], signal);
  if (code === expected) return;
  const last = tail.trim().split('\n').at(-1);
  throw failure(`reconfigure has ended with ${code}, not ${expected}${last ? `: ${last}` : ''}`);
}

/** The process ids of each program that runs; none of an image that is older than its command `makina`. */
async function processesOf({ engine, run }: Bench): Promise<Map<string, string>> {
  const { stdout } = await engine.ask('exec', run.name, 'makina', 'status', '--json');
  try {
    const { programs } = JSON.parse(stdout) as { programs: { name: string; processes: { pid: number }[] }[] };
    return new Map(programs.map(({ name, processes }) => [name, processes.map(({ pid }) => pid).join()]));
  } catch {
    return new Map();
  }
}
