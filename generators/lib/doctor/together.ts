import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isDict } from '../model/dict.ts';
import { complete, type Intent, merge } from '../model/intent.ts';
import { inVolume } from '../model/path-checks.ts';
import type { Image } from '../model/schema.ts';
import { withVariables } from '../model/variables.ts';
import { madeByBuild } from '../project/sources.ts';
import { lstat } from '../system/files.ts';
import { asOwner } from '../system/rights.ts';
import { error, type Finding, ok, warning } from './finding.ts';

/**
 * What fits in a pillar, but not with the answers below it. A warning, since PILLAR.sample may be edited.
 * @param layers what the pillars set, lowest first: of those that are built in, and of the override
 * @returns the image that counts in the end, with its variables replaced, and what is wrong with it
 */
export function checkTogether(root: string, data: string, intent: Intent, builtIn: Intent[], override: Intent[]) {
  const below = builtIn.reduce((lower, upper) => merge(lower, upper), intent);
  const without = complete(below);
  const { image, problems } = without.problems
    ? without
    : complete(override.reduce((lower, upper) => merge(lower, upper), below));
  const [id, where] = without.problems ? ['pillar', join(root, 'pillar')] : ['override', join(data, 'configuration')];
  const findings = (problems ?? []).map(({ path, message }) =>
    warning(id, `with what it is merged into, data.${path.join('.')} ${message}`, where, 'correct it there'),
  );
  const links = (image ? changedLinks(image, below, override) : []).map((path) => {
    const what = `data.symlinks.${path} is not in a volume, so only a build can change it (code 78 at the start)`;
    return error('override', what, where, 'change it in the answers, and build the image again');
  });
  return { image: image && withVariables(image), findings: [...findings, ...links] };
}

/** The links outside of the volumes that an override makes others than those of the image. */
function changedLinks(image: Image, below: Intent, override: Intent[]): string[] {
  const built = isDict(below.symlinks) ? below.symlinks : {};
  const links = override.flatMap(({ symlinks }) => (isDict(symlinks) ? Object.entries(symlinks) : []));
  const changed = links.filter(
    ([path, link]) => !inVolume(path, image) && !isDeepStrictEqual(link ?? undefined, built[path] ?? undefined),
  );
  return changed.map(([path]) => path);
}

/**
 * Whether each seed that is left to fill in the data volume has a source, and a way to its target.
 * @param filled the targets that were filled once
 */
export function checkSeeds(root: string, data: string, image: Image, filled: ReadonlySet<string>): Finding[] {
  return Object.entries(image.seeds).flatMap(([name, { source, target }]) => {
    const steps = target.split('/').filter((step) => step !== '' && step !== '.');
    if (/^\/|\{/.test(target) || filled.has(steps.join('/'))) return [];
    const ways = steps.map((_, index) => join(data, ...steps.slice(0, index + 1)));
    const blocked = ways.slice(0, -1).find((way) => lstat(way) && !lstat(way)?.isDirectory());
    const end = '(code 78 at the start)';
    if (blocked)
      return [
        error('seeds', `it is not a folder, and seeds.${name} needs one here ${end}`, blocked, 'put a folder there'),
      ];
    if (source?.startsWith('/')) return [ok('seeds', `seeds.${name}.source is of the image: the build looks for it`)];
    const from = source && !source.includes('{') ? join(root, 'project', source) : undefined;
    if (!source || !from || asOwner(root, () => lstat(from)) || lstat(join(data, ...steps))) return [];
    const made = asOwner(root, () => madeByBuild(root, image, source));
    if (made) return [ok('seeds', `seeds.${name}.source may be made by ${made}`)];
    const fix = 'add it, or remove the seed with null, then build the image again';
    return [error('seeds', `seeds.${name}.source is not there ${end}`, from, fix)];
  });
}
