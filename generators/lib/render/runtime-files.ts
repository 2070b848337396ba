import { createHash } from 'node:crypto';
import { renderTemplate } from './template.ts';

const launcher = [
  '__init__',
  'accounts',
  'build',
  'capabilities',
  'circus',
  'declared_accounts',
  'environment',
  'errors',
  'failed_states',
  'files',
  'folders',
  'host_ids',
  'image',
  'leftovers',
  'limits',
  'modes',
  'mounts',
  'nginx_names',
  'nginx_start',
  'old_configs',
  'os_errors',
  'output',
  'own_settings',
  'paths',
  'project',
  'reconfiguration',
  'record',
  'references',
  'relay',
  'safe_folders',
  'salt_call',
  'shapes',
  'sls_text',
  'state_functions',
  'steps',
  'way',
  'settings/__init__',
  'settings/check',
  'settings/growth',
  'settings/hidden',
  'settings/nginx_access',
  'settings/nginx_addresses',
  'settings/nginx_settings',
  'settings/nginx_snippet',
  'settings/origins',
  'settings/override',
  'settings/override_file',
  'settings/pillar',
  'settings/pillar_texts',
  'settings/places',
  'settings/plain_yaml',
  'settings/program_checks',
  'settings/readers',
  'settings/scalars',
  'settings/schedule_checks',
  'settings/schema',
  'settings/socket_checks',
  'volumes/__init__',
  'volumes/forked',
  'volumes/nested_mounts',
  'volumes/passable',
  'volumes/rights_advice',
  'volumes/safe_copy',
  'volumes/seed_record',
  'volumes/seed_settings',
  'volumes/seeds',
  'volumes/volume_lock',
  'volumes/volume_tops',
];

const commands = ['__init__', 'change', 'config', 'ends', 'enter', 'health', 'programs', 'status', 'table'];

const runner = [
  '__main__',
  'configuration',
  'crons',
  'first',
  'marks',
  'output',
  'report',
  'schedules',
  'supervisor',
  'waiting',
  'watched',
  'watcher',
];

const states = [
  'accounts',
  'app',
  'circus',
  'circus_venv',
  'downloads',
  'fixperms',
  'folders',
  'memberships',
  'nginx',
  'packages',
  'prerequisites',
  'virtualenvs',
];

/** Every file of the runtime, which is the same for all projects, from its folder. */
export const runtimeFiles: readonly string[] = [
  '.gitattributes',
  'README.md',
  'version',
  'build.sh',
  'launch.sh',
  'defaults.json',
  'pillar.schema.json',
  'requirements.in',
  'requirements.txt',
  'bin/check_nginx.sh',
  'bin/exec_nginx.sh',
  'bin/exec_program.py',
  'bin/healthcheck.py',
  'bin/log_writer.py',
  'bin/makina.py',
  'files/app.json',
  'files/circus/circusd.ini',
  'files/circus/command.jinja',
  'files/circus/program.json',
  'files/nginx/nginx.conf',
  'files/nginx/vhost.conf',
  ...launcher.map((name) => `launcher/${name}.py`),
  ...commands.map((name) => `commands/${name}.py`),
  ...runner.map((name) => `runner/${name}.py`),
  ...states.map((name) => `states/${name}.sls`),
];

let hash: string | undefined;

/** The hash of all files of the runtime but `version`, which names it. */
export function runtimeHash(): string {
  if (hash) return hash;
  const sum = createHash('sha256');
  for (const path of runtimeFiles)
    if (path !== 'version') sum.update(`${path}\n${renderTemplate(`runtime/${path}`, {})}\n`);
  hash = sum.digest('hex');
  return hash;
}
