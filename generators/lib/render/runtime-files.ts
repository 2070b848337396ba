import { createHash } from 'node:crypto';
import { renderTemplate } from './template.ts';

const launcher = [
  '__init__',
  'accounts',
  'build',
  'circus',
  'environment',
  'errors',
  'failed_states',
  'files',
  'folders',
  'forked',
  'growth',
  'host_ids',
  'leftovers',
  'modes',
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
  'passable',
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
  'relay',
  'rights_advice',
  'safe_copy',
  'safe_folders',
  'scalars',
  'schedule_checks',
  'schema',
  'seed_record',
  'seed_settings',
  'seeds',
  'settings',
  'shapes',
  'sls_text',
  'state_functions',
  'steps',
  'volume_lock',
  'volume_tops',
  'way',
];

const runner = [
  '__main__',
  'configuration',
  'crons',
  'first',
  'marks',
  'output',
  'schedules',
  'supervisor',
  'watched',
  'watcher',
];

const states = [
  'app',
  'circus',
  'circus_venv',
  'downloads',
  'fixperms',
  'folders',
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
  'files/app.json',
  'files/circus/circusd.ini',
  'files/circus/command.jinja',
  'files/circus/program.json',
  'files/nginx/nginx.conf',
  'files/nginx/vhost.conf',
  ...launcher.map((name) => `launcher/${name}.py`),
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
