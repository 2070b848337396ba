/** Where CI looks for what starts its jobs: only at the top of a repository. */

import { join } from 'node:path';
import type { Image } from '../model/schema.ts';
import { placeInRepository } from '../system/git.ts';
import { plainWord } from '../text/quote.ts';

type Kind = Image['ci'][number];

/** The file of each, below the project's folder. */
export const CI_FILES: Record<Kind, string> = {
  github: '.github/workflows/makina-image.yml',
  gitlab: '.gitlab/makina-image.yml',
};
export const GITLAB_CI = '.gitlab-ci.yml';

/** What a person does once if a project is not at the top of its repository. */
export interface CiPlace {
  /** The folder that holds `.git`. */
  top: string;
  /** As the answer `ci_folder` has it. */
  folder: string;
  /** The workflow that GitHub reads. */
  workflow: string;
  /** Makes it, from any folder. */
  copy: string;
  /** The line that GitLab's file needs. */
  include: string;
}

/** How CI finds a project; undefined outside of a repository. */
export function ciPlace(root: string): CiPlace | undefined {
  const place = placeInRepository(root);
  if (!place) return undefined;
  const { top, path } = place;
  const name = path === '' ? 'makina-image' : `makina-image-${path.replaceAll('/', '--')}`;
  const workflow = join(top, `.github/workflows/${name}.yml`);
  const from = join(root, CI_FILES.github);
  return {
    top,
    folder: path || '.',
    workflow,
    copy: `mkdir -p ${plainWord(join(top, '.github/workflows'))} && cp ${plainWord(from)} ${plainWord(workflow)}`,
    include: `- local: ${path === '' ? '' : `${path}/`}${CI_FILES.gitlab}`,
  };
}
