import fs from 'node:fs';
import { join } from 'node:path';
import type { Image } from '../model/schema.ts';
import { type CiPlace, ciPlace, GITLAB_CI } from '../project/ci-place.ts';
import { lstat } from '../system/files.ts';
import { type Finding, ok, warning } from './finding.ts';

const MAX_BYTES = 1024 * 1024;

/** Whether the jobs that keep the project up to date run, and have what they need. */
export function checkCi(root: string, { ci: all, ci_source, ci_folder }: Image): Finding[] {
  // A bot has no jobs here.
  const ci = all.filter((kind) => kind !== 'renovate');
  if (ci.length === 0) return [];
  const again = `makina-image ci ${ci.join(' ')}`;
  const place = ciPlace(root);
  const findings: Finding[] = [];
  if (ci_source === undefined)
    findings.push(
      warning(
        'ci',
        'no answer says where CI takes the generator from, so its weekly job ends with an error',
        join(root, '.yo-rc.json'),
        `${again} --ci-source SOURCE, with @your-scope/generator-makina-image or the address of a tarball or a git repository`,
      ),
    );
  if (place && place.folder !== ci_folder)
    findings.push(
      warning(
        'ci',
        `its jobs look for the project in ${ci_folder}, and it is in ${place.folder} of its repository`,
        join(root, '.yo-rc.json'),
        again,
      ),
    );
  if (place)
    findings.push(...ci.flatMap((kind) => (kind === 'github' ? checkWorkflows(place) : checkIncludes(root, place))));
  return findings.length > 0 ? findings : [ok('ci', `${ci.join(' and ')} can keep the project up to date`)];
}

/** GitHub reads no workflow below the top of a repository. */
function checkWorkflows({ folder, workflows }: CiPlace): Finding[] {
  if (folder === '.') return [];
  return workflows.flatMap(({ own, read, copy }) => {
    const [ours, theirs] = [textOf(own), textOf(read)];
    if (ours === undefined || ours === theirs) return [];
    const what =
      theirs === undefined
        ? 'GitHub reads workflows only at the top of the repository, so it does not run this one'
        : `${read}, which GitHub reads, differs from the workflow of the project`;
    return [warning('ci', what, own, copy)];
  });
}

/** GitLab reads one file, which has to include the project's. */
function checkIncludes(root: string, { top, includes }: CiPlace): Finding[] {
  const text = textOf(join(top, GITLAB_CI));
  return includes.flatMap((include) => {
    const file = include.replace('- local: ', '');
    const isThere = lstat(join(root, file.slice(file.lastIndexOf('.gitlab/'))));
    if (!isThere || text?.split(/[\s'"]+/).includes(file)) return [];
    const what = `${GITLAB_CI} ${text === undefined ? 'is not there' : `does not name ${file}`}, so GitLab runs none of its jobs`;
    return [warning('ci', what, join(top, GITLAB_CI), `add to its list below \`include:\`  ${include}`)];
  });
}

/** The text of a small regular file; undefined for anything else. */
function textOf(path: string): string | undefined {
  const stat = lstat(path);
  return stat?.isFile() && stat.size <= MAX_BYTES ? fs.readFileSync(path, 'utf8') : undefined;
}
