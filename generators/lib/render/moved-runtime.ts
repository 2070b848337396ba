import { posix } from 'node:path';
import { runtimeFiles } from './runtime-files.ts';
import { renderTemplate } from './template.ts';

/** The runtime of a project that has its own. */
export const RUNTIME = 'project/.salt/runtime';

/** That in the folder of a base image. */
const BASE_RUNTIME = 'runtime';

// All below is for 0.1 and 0.2; remove it with the last upgrade from them.

/** Until 0.2 the runtime was spread over these folders of every project. */
export const LAUNCHER = 'project/.salt/launcher';
const FILES = 'project/.salt/files';

/** Files of 0.1, and of 0.2, that have no successor. */
const WITHOUT_SUCCESSOR = [`${FILES}/circus/program.ini`, `${FILES}/circus/crontab`];

/** Where each file of the runtime was, and where it is now: in a project, and in the folder of the base image. */
export const movedRuntime: readonly { from: string; to: string }[] = runtimeFiles.flatMap((path) => {
  const from = formerly(path);
  const base = formerlyInBase(path);
  return [
    ...(from ? [{ from, to: `${RUNTIME}/${path}` }] : []),
    ...(base ? [{ from: base, to: `${BASE_RUNTIME}/${path}` }] : []),
  ];
});

function formerly(path: string): string | undefined {
  const [folder] = path.split('/');
  const name = posix.basename(path);
  if (folder === 'launcher') return formerlyInLauncher(path.slice('launcher/'.length));
  if (folder === 'bin') return `${FILES}/${name.endsWith('nginx.sh') ? 'nginx' : 'circus'}/${name}`;
  if (folder === 'files') return `project/.salt/${path}`;
  if (path === 'pillar.schema.json') return `${FILES}/${path}`;
  return path === 'requirements.txt' ? `${FILES}/circus/${path}` : undefined;
}

/** Until 0.2 the launcher was one flat folder, and its settings/check.py was settings.py. */
function formerlyInLauncher(path: string): string | undefined {
  if (path === 'settings/check.py') return `${LAUNCHER}/settings.py`;
  return path.endsWith('/__init__.py') ? undefined : `${LAUNCHER}/${posix.basename(path)}`;
}

function formerlyInBase(path: string): string | undefined {
  if (path.startsWith('runner/')) return path;
  const name = /^requirements(\.in|\.txt)$/.exec(path)?.[1];
  return name && `requirements/circus${name}`;
}

/** The paths of a project at which the runtime was until 0.2. */
export const formerRuntime: ReadonlySet<string> = new Set(
  [...movedRuntime.map(({ from }) => from), ...WITHOUT_SUCCESSOR].filter((path) => path.startsWith('project/')),
);

/** Whether nothing reads a path of a project any more, since the runtime was there until 0.2. */
export function isFormerRuntime(path: string): boolean {
  return path.startsWith(`${LAUNCHER}/`) || formerRuntime.has(path);
}

/** The folder of a runtime, of today or of 0.2, in a project or in the folder of a base image, if a path is of one. */
export function runtimeFolder(path: string): string | undefined {
  if (isFormerRuntime(path)) return path.startsWith(`${LAUNCHER}/`) ? LAUNCHER : FILES;
  return [RUNTIME, BASE_RUNTIME].find((folder) => path.startsWith(`${folder}/`));
}

interface Short {
  what: 'code' | 'settings';
  now: string;
  states?: () => string;
}

/** The states of the runtime, from which those of a project may require one. */
const states = () =>
  runtimeFiles
    .filter((path) => path.startsWith('states/'))
    .map((path) => renderTemplate(`runtime/${path}`, {}))
    .join('\n');

const code = (path: string): Short => ({
  what: 'code',
  now: `the runtime does what you changed, in runtime/${path}`,
  states,
});

/** The files of a project that became a few lines, and where the rest is now. */
export const movedCode: ReadonlyMap<string, Short> = new Map<string, Short>([
  ['project/launch.sh', code('launch.sh')],
  ['project/.salt/100_dirs_and_prerequisites.sls', code('states/prerequisites.sls')],
  ['project/.salt/200_reconfigure.sls', code('states/app.sls')],
  ['project/.salt/300_nginx.sls', code('states/nginx.sls')],
  ['project/.salt/400_circus.sls', code('states/circus.sls')],
  ['project/.salt/fixperms.sls', code('states/fixperms.sls')],
  [
    'project/.salt/_modules/mc_launcher.py',
    code('launcher/steps.py (WATCHED_ENV and OVERRIDE_JINJA: the answers watched_env and override_jinja)'),
  ],
  [
    'project/.salt/PILLAR.sample',
    {
      what: 'settings',
      now: 'the runtime has the defaults, in runtime/defaults.json: put those that you changed into pillar/init.sls',
    },
  ],
]);

/** Whether a text of such a file uses the runtime, as that of today does, and not only names it. */
export function usesRuntime(text: string): boolean {
  return /\.runtime\.states\.|\.salt\/runtime\/|\/runtime\/(launcher|defaults\.json)/.test(text);
}
