/** Where CI looks for what starts its jobs: only at the top of a repository. */

import { basename, join } from 'node:path';
import { placeInRepository } from '../system/git.ts';
import { plainWord } from '../text/quote.ts';

/** The files of each, below the project's folder: what keeps it up to date, and the pipeline of its image. */
export const CI_FILES = {
  github: ['.github/workflows/makina-image.yml', '.github/workflows/image.yml'],
  gitlab: ['.gitlab/makina-image.yml', '.gitlab/image.yml'],
} as const;
export const GITLAB_CI = '.gitlab-ci.yml';

/** What a person does once if a project is not at the top of its repository. */
export interface CiPlace {
  /** The folder that holds `.git`. */
  top: string;
  /** As the answer `ci_folder` has it. */
  folder: string;
  /** The workflows that GitHub reads, each with its file in the project. */
  workflows: { own: string; read: string; copy: string }[];
  /** The lines that GitLab's file needs. */
  includes: string[];
}

/** How CI finds a project; undefined outside of a repository. */
export function ciPlace(root: string): CiPlace | undefined {
  const place = placeInRepository(root);
  if (!place) return undefined;
  const { top, path } = place;
  const below = path === '' ? '' : `${path}/`;
  const suffix = path === '' ? '' : `-${path.replaceAll('/', '--')}`;
  const folder = join(top, '.github/workflows');
  return {
    top,
    folder: path || '.',
    workflows: CI_FILES.github.map((file) => {
      const own = join(root, file);
      const read = join(folder, `${basename(file, '.yml')}${suffix}.yml`);
      return { own, read, copy: `mkdir -p ${plainWord(folder)} && cp ${plainWord(own)} ${plainWord(read)}` };
    }),
    includes: CI_FILES.gitlab.map((file) => `- local: ${below}${file}`),
  };
}
