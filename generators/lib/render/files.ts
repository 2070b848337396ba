import { hasOwnRuntime } from '../model/runtime.ts';
import type { Image } from '../model/schema.ts';
import { movedRuntime, RUNTIME } from './moved-runtime.ts';
import { runtimeFiles } from './runtime-files.ts';

/** shared: kept up to date beside the user's edits; starter: written once, then the user's; answers: always ours to write. */
export type Policy = 'shared' | 'starter' | 'answers';

/** One file that comes out: where, from which template, and who may change it. */
export interface FileEntry {
  path: string;
  /** Path below templates/, without `.ejs`. */
  template: string;
  policy?: Policy;
}

const project = (path: string): FileEntry => ({ path, template: `project/${path}` });
const starter = (path: string): FileEntry => ({ ...project(path), policy: 'starter' });

const always: readonly FileEntry[] = [
  project('.dockerignore'),
  project('.editorconfig'),
  project('.gitignore'),
  project('README.md'),
  project('compose.yaml'),
  project('compose.watch.yaml'),
  starter('custom.sls'),
  starter('pillar/init.sls'),
  project('project/Dockerfile'),
  project('project/launch.sh'),
  project('project/.salt/PILLAR.sample'),
  project('project/.salt/100_dirs_and_prerequisites.sls'),
  project('project/.salt/200_reconfigure.sls'),
  project('project/.salt/300_nginx.sls'),
  project('project/.salt/400_circus.sls'),
  project('project/.salt/fixperms.sls'),
  project('project/.salt/_modules/mc_launcher.py'),
];

const demoApp: readonly FileEntry[] = [starter('project/app/server.py'), starter('project/app/welcome.txt')];

const ci: Record<Image['ci'][number], readonly FileEntry[]> = {
  github: [project('.github/workflows/makina-image.yml'), project('.github/workflows/image.yml')],
  gitlab: [project('.gitlab/makina-image.yml'), project('.gitlab/image.yml')],
  // A repository may have its own, which stays.
  renovate: [starter('renovate.json')],
};

const editors: Record<Image['editors'][number], readonly FileEntry[]> = {
  devcontainer: [project('.devcontainer/devcontainer.json'), project('.devcontainer/compose.yaml')],
  vscode: [
    project('.vscode/settings.json'),
    { path: '.vscode/pillar.schema.json', template: 'runtime/pillar.schema.json' },
  ],
};

const ciJobs = ['common', 'fetch', 'image', 'prepare', 'propose'].map((part) =>
  project(`.ci/makina-image/${part}.mjs`),
);

const vendored = runtimeIn(RUNTIME);

/** Whether a file of a project goes into its image, which is built again then. */
export function isInImage(path: string): boolean {
  return /^(custom\.sls$|pillar\/|project\/)/.test(path);
}

/** Whether an image does not build, or does not start, without a file of its project. */
export function isNeeded(path: string): boolean {
  return /^project\/(Dockerfile$|launch\.sh$|\.salt\/)/.test(path);
}

/** Every file of the project of an image. */
export function projectFiles(image: Image): FileEntry[] {
  const app = image.demo ? demoApp : [starter('project/app/README.md')];
  const runtime = hasOwnRuntime(image) ? vendored : [];
  return [
    ...[...always, ...runtime, ...app],
    ...image.editors.flatMap((editor) => editors[editor]),
    ...image.ci.flatMap((kind) => ci[kind]),
    ...(image.ci.some((kind) => kind !== 'renovate') ? ciJobs : []),
  ];
}

function runtimeIn(folder: string): FileEntry[] {
  return runtimeFiles.map((path) => ({ path: `${folder}/${path}`, template: `runtime/${path}` }));
}

const base = (path: string): FileEntry => ({ path, template: `base/${path}` });

/** Every file of the base image's folder. */
export const baseFiles: readonly FileEntry[] = [
  ...[
    '.dockerignore',
    'Dockerfile',
    'README.md',
    'certs/README.md',
    'makina-states/_scripts/reset-perms.py',
    'makina-states/base-version',
    'makina-states/bin/salt-call',
    'makina-states/etc/salt/minion',
    'makina-states/mc_states/modules/mc_apache.py',
    'makina-states/mc_states/modules/mc_locations.py',
    'makina-states/mc_states/modules/mc_project.py',
    'makina-states/mc_states/modules/mc_usergroup.py',
    'makina-states/mc_states/modules/mc_utils.py',
    'makina-states/mc_states/project/__init__.py',
    'makina-states/mc_states/project/config.py',
    'makina-states/mc_states/project/merge.py',
    'makina-states/mc_states/project/paths.py',
    'makina-states/mc_states/project/states.py',
    'makina-states/mc_states/states/mc_proxy.py',
    'makina-states/pillar/top.sls',
    'requirements/build.in',
    'requirements/build.txt',
    'requirements/salt.in',
    'requirements/salt.txt',
  ].map(base),
  ...runtimeIn('runtime'),
];

/** Files that the templates moved: the user's edits move with them, where the new file comes out. */
export const renames: readonly { from: string; to: string }[] = movedRuntime;
