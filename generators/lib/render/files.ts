import type { Image } from '../model/schema.ts';

/** shared: kept up to date beside the user's edits; seed: written once, then the user's; intent: always ours to write. */
export type Policy = 'shared' | 'seed' | 'intent';

/** One file that comes out: where, from which template, and who may change it. */
export interface FileEntry {
  path: string;
  /** Path below templates/, without `.ejs`. */
  template: string;
  policy?: Policy;
}

const CIRCUS_REQUIREMENTS = 'base/requirements/circus.txt';

const project = (path: string): FileEntry => ({ path, template: `project/${path}` });
const seed = (path: string): FileEntry => ({ ...project(path), policy: 'seed' });

const launcherParts = [
  '__init__',
  'circus',
  'environment',
  'errors',
  'failed_states',
  'files',
  'folders',
  'forked',
  'leftovers',
  'growth',
  'host_ids',
  'mounts',
  'nested_mounts',
  'nginx_access',
  'nginx_addresses',
  'nginx_names',
  'nginx_settings',
  'nginx_snippet',
  'nginx_start',
  'old_configs',
  'os_errors',
  'output',
  'override',
  'override_file',
  'own_settings',
  'paths',
  'pillar',
  'pillar_texts',
  'places',
  'plain_yaml',
  'program_checks',
  'project',
  'readers',
  'reconfiguration',
  'record',
  'references',
  'rights',
  'relay',
  'safe_copy',
  'safe_folders',
  'scalars',
  'schedule_checks',
  'schema',
  'seed_record',
  'seed_settings',
  'seeds',
  'settings',
  'sls_text',
  'volume_lock',
  'volume_tops',
  'way',
  'ways',
];

const always: readonly FileEntry[] = [
  project('.dockerignore'),
  project('.editorconfig'),
  project('.gitignore'),
  project('README.md'),
  project('compose.yaml'),
  seed('custom.sls'),
  seed('pillar/init.sls'),
  project('project/Dockerfile'),
  project('project/launch.sh'),
  project('project/.salt/PILLAR.sample'),
  project('project/.salt/100_dirs_and_prerequisites.sls'),
  project('project/.salt/200_reconfigure.sls'),
  project('project/.salt/300_nginx.sls'),
  project('project/.salt/400_circus.sls'),
  project('project/.salt/fixperms.sls'),
  project('project/.salt/_modules/mc_launcher.py'),
  ...launcherParts.map((part) => project(`project/.salt/launcher/${part}.py`)),
  project('project/.salt/files/app.json'),
  project('project/.salt/files/pillar.schema.json'),
  project('project/.salt/files/circus/circusd.ini'),
  project('project/.salt/files/circus/exec_program.py'),
  project('project/.salt/files/circus/command.jinja'),
  project('project/.salt/files/circus/crontab'),
  project('project/.salt/files/circus/healthcheck.py'),
  project('project/.salt/files/circus/log_writer.py'),
  project('project/.salt/files/circus/program.json'),
  { path: 'project/.salt/files/circus/requirements.txt', template: CIRCUS_REQUIREMENTS },
  project('project/.salt/files/nginx/check_nginx.sh'),
  project('project/.salt/files/nginx/exec_nginx.sh'),
  project('project/.salt/files/nginx/nginx.conf'),
  project('project/.salt/files/nginx/vhost.conf'),
];

const demoApp: readonly FileEntry[] = [seed('project/app/server.py'), seed('project/app/welcome.txt')];

const ci: Record<Image['ci'][number], FileEntry> = {
  github: project('.github/workflows/makina-image.yml'),
  gitlab: project('.gitlab/makina-image.yml'),
};

const ciJobs = ['common', 'prepare', 'propose'].map((part) => project(`.ci/makina-image/${part}.mjs`));

/** Every file of the project of an image. */
export function projectFiles(image: Image): FileEntry[] {
  const app = image.demo ? demoApp : [seed('project/app/README.md')];
  return [...always, ...app, ...image.ci.map((kind) => ci[kind]), ...(image.ci.length > 0 ? ciJobs : [])];
}

const base = (path: string): FileEntry => ({ path, template: `base/${path}` });

/** Every file of the base image's folder. */
export const baseFiles: readonly FileEntry[] = [
  '.dockerignore',
  'Dockerfile',
  'README.md',
  'certs/README.md',
  'makina-states/base-version',
  'makina-states/bin/salt-call',
  'makina-states/etc/salt/minion',
  'makina-states/mc_states/modules/mc_project.py',
  'makina-states/mc_states/project/__init__.py',
  'makina-states/mc_states/project/config.py',
  'makina-states/mc_states/project/merge.py',
  'makina-states/mc_states/project/paths.py',
  'makina-states/mc_states/project/states.py',
  'makina-states/pillar/top.sls',
  'requirements/build.in',
  'requirements/build.txt',
  'requirements/circus.in',
  'requirements/circus.txt',
  'requirements/salt.in',
  'requirements/salt.txt',
  'runner/__main__.py',
  'runner/configuration.py',
  'runner/marks.py',
  'runner/output.py',
  'runner/supervisor.py',
  'runner/watched.py',
  'runner/watcher.py',
].map(base);

/** Files that the templates moved: the user's edits move with them. */
export const renames: readonly { from: string; to: string }[] = [];
