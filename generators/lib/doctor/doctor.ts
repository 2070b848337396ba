import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import type { Intent } from '../model/intent.ts';
import type { Image } from '../model/schema.ts';
import { packageRoot } from '../package.ts';
import { projectAround } from '../project/find.ts';
import { asOwner } from '../system/rights.ts';
import { safePath } from '../system/search-path.ts';
import { checkBaseImage } from './base-image.ts';
import { checkCi } from './ci.ts';
import { checkConfigs, checkLinks } from './configs.ts';
import { askDocker, checkDocker } from './docker.ts';
import { checkFiles, checkIgnored, checkSync } from './files.ts';
import { type DoctorReport, error, type Finding, fromError, HEALTH, reportOf } from './finding.ts';
import { checkFirstLayer } from './first-layer.ts';
import { checkNode } from './node.ts';
import { checkBuildVariables, readOverride } from './override.ts';
import { readPillars } from './pillars.ts';
import { checkPort } from './port.ts';
import { checkAnswers, checkLeftovers, checkManifest } from './project.ts';
import { checkRuntime } from './runtime.ts';
import { checkServices } from './services.ts';
import { checkSeeds, checkTogether } from './together.ts';
import { checkVolume, filledTargets } from './volume.ts';
import { checkYo } from './yo.ts';

export interface DoctorRequest {
  /** Where to look: the project is this folder, or the nearest one above it. */
  folder: string;
  /** The data volume; undefined for data/ of the project. */
  volume: string | undefined;
  /** The version of Node, and the folders of PATH and of NODE_PATH. */
  node: string;
  searchPath: string;
  nodePath: string;
}

/**
 * Finds what would stop a build or a start: on the host, in the project, in its volume. Writes nothing, and needs no network.
 * @throws UserError if there is no such folder
 */
export async function doctor(request: DoctorRequest): Promise<DoctorReport> {
  const { folder, node } = request;
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`${folder} is not a folder; name the folder of a project`, HEALTH.failed);
  const { engines } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  const running = checkNode(node, engines.node);
  // The other checks use what an old Node does not have.
  if (running.level === 'error') return reportOf(undefined, [running]);
  const root = projectAround(folder);
  if (!root && request.volume !== undefined)
    throw new UserError(
      `${folder} is not in a project, and --volume needs one; go to the project, or name its folder`,
      HEALTH.failed,
    );
  const searchPath = safePath(request.searchPath, root ?? folder);
  const [host, project] = await Promise.all([
    checkHost({ ...request, searchPath }),
    root ? checkProject(root, { ...request, searchPath }) : [],
  ]);
  return reportOf(root, [running, ...host, ...project]);
}

async function checkHost({ folder, searchPath, nodePath }: DoctorRequest): Promise<Finding[]> {
  const docker = await askDocker(searchPath);
  return [checkYo(folder, searchPath, nodePath), ...checkDocker(docker, searchPath)];
}

async function checkProject(root: string, request: DoctorRequest): Promise<Finding[]> {
  const { searchPath } = request;
  try {
    asOwner(root, () => undefined);
  } catch (failure) {
    return [fromError('owner', failure, root)];
  }
  // The owner's rights for each check alone: Docker, which is asked meanwhile, needs those of the user.
  const owned = <T>(id: string, check: () => T) => readable(id, () => asOwner(root, check));
  const found = async (id: string, check: () => Finding[]) => {
    const { result, findings } = await owned(id, check);
    return result ?? findings;
  };
  const manifest = await owned('manifest', () => checkManifest(root));
  const kept = manifest.result?.manifest;
  const isBroken = !manifest.result || manifest.result.findings.some(({ level }) => level === 'error');
  const findings = [
    ...manifest.findings,
    ...(manifest.result?.findings ?? []),
    ...(await found('leftovers', () => checkLeftovers(root))),
    ...(kept ? await found('files', () => checkFiles(root, kept)) : []),
  ];
  const sync = () => found('sync', () => checkSync(root));
  const ignored = (isInYaml = false) => found('git', () => checkIgnored(root, kept, isInYaml));
  if (kept?.kind === 'base') return [...findings, ...(await sync()), ...(await ignored())];

  const answers = await owned('answers', () => checkAnswers(root));
  const { intent, image } = answers.result ?? {};
  const slow = await Promise.all([
    checked('base-image', () => checkBaseImage(root, image, searchPath, kept?.generator)),
    checkSettings(root, intent, image, request),
    image ? checkPort(root, image.publish, image.name, searchPath) : [],
  ]);
  return [
    ...answers.findings,
    ...(answers.result?.findings ?? []),
    ...findings,
    ...(image && (kept || !isBroken) ? await sync() : []),
    ...(await ignored(answers.result?.isInYaml)),
    ...(image && kept ? await found('runtime', () => checkRuntime(root, image, kept)) : []),
    ...(image ? await found('build', () => checkFirstLayer(root, image)) : []),
    ...(image ? await found('services', () => checkServices(root, image)) : []),
    ...(image ? await found('ci', () => checkCi(root, image)) : []),
    ...slow.flat(),
  ];
}

/** The pillars and the volume: what counts at a start. */
async function checkSettings(
  root: string,
  intent: Intent | undefined,
  image: Image | undefined,
  { volume, searchPath }: DoctorRequest,
): Promise<Finding[]> {
  const builtIn = await readable('pillar', () => readPillars(root, image?.name));
  const pillars = [...builtIn.findings, ...(builtIn.result?.findings ?? [])];
  if (!intent || !image) return pillars;
  const data = volume ?? join(root, 'data');
  const override = await readable('override', () => readOverride(data, image.name, image.override_jinja));
  const findings = [
    ...pillars,
    ...(await checked('volume', () => checkVolume(data, image.name, searchPath))),
    ...override.findings,
    ...(override.result?.findings ?? []),
    ...checkBuildVariables(data, image, override.result?.layers ?? []),
  ];
  const [below, above] = [builtIn.result?.layers, override.result?.layers];
  if (!below || !above) return findings;
  const together = await checked('seeds', () => {
    const whole = checkTogether(root, data, intent, below, above);
    if (!whole.image) return whole.findings;
    const seeds = checkSeeds(root, data, whole.image, filledTargets(data));
    const { image: final } = whole;
    return [
      ...whole.findings,
      ...seeds,
      ...asOwner(root, () => [...checkConfigs(root, final), ...checkLinks(root, final)]),
    ];
  });
  return [...findings, ...together];
}

/** What a check finds; a file that it cannot read is a finding too. */
async function checked(id: string, check: () => Finding[] | Promise<Finding[]>): Promise<Finding[]> {
  const { result, findings } = await readable(id, check);
  return result ?? findings;
}

async function readable<T>(id: string, check: () => T | Promise<T>): Promise<{ result?: T; findings: Finding[] }> {
  try {
    return { result: await check(), findings: [] };
  } catch (failure) {
    const { code, path, syscall } = failure as NodeJS.ErrnoException;
    // Node's error for a file of gigabytes names no system call.
    if (failure instanceof UserError) return { findings: [fromError(id, failure, 'the project')] };
    if (!syscall && code !== 'ERR_FS_FILE_TOO_LARGE') throw failure;
    const fix = 'make it readable for you (`ls -l` shows its owner); your build needs that too';
    return { findings: [error(id, `it cannot be read: ${code}`, path ?? 'the project', fix)] };
  }
}
