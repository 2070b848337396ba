import { memoryForOverrides, namedVolumes, runFlags, stopTimeout } from '../model/docker-run.ts';
import { isWithin } from '../model/path-checks.ts';
import { hasOwnRuntime } from '../model/runtime.ts';
import { type Image, ownBaseImage } from '../model/schema.ts';
import { withServices } from '../model/services.ts';
import { buildVariables } from '../model/variables.ts';
import { minorVersion, version } from '../package.ts';
import { dockerfile } from '../text/quote.ts';
import { codeLines, earlyFiles } from './copied.ts';
import { runtimeHash } from './runtime-files.ts';
import { saltData } from './salt-data.ts';
import { serviceLines } from './services.ts';

/** The values that templates/project/ may name as `it.…`. */
export function projectView(image: Image): Record<string, unknown> {
  const { name } = image;
  return {
    version,
    minor_version: minorVersion,
    group: `${name}-grp`,
    user: `${name}-user`,
    project_dir: `/srv/projects/${name}`,
    ...volumeLines(image),
    ...serviceLines(image),
    ...runLines(image),
    watch_rules: watchRules(image),
    override_memory: memoryForOverrides(image)
      .map((folder) => `--tmpfs ${folder}`)
      .join(' '),
    stop_timeout: stopTimeout(image),
    app_example: 'greeting' in image.app ? 'greeting: Good morning' : 'some_setting: some value',
    exposed_ports: exposedPorts(image).join(' '),
    environment_lines: dockerLines('ENV', image.environment),
    ...codeLines(image),
    label_lines: dockerLines('LABEL', image.labels),
    steps: startSteps(image).join(','),
    volumes_json: JSON.stringify([`/srv/projects/${name}/data`, ...image.volumes]),
    data: saltData(withServices(image)),
    runtime_hash: hasOwnRuntime(image) ? runtimeHash() : '',
    ci_source: '',
    ...ciNames(image),
    // What the pipeline builds beside the image; another base comes from its registry.
    built_base: image.base_image === ownBaseImage ? ownBaseImage : '',
    ci_kinds: image.ci.filter((kind) => kind !== 'renovate').join(' ') || 'github',
    watched_env_json: JSON.stringify(image.watched_env),
    build_variables_lines: buildVariablesLines(image),
    override_jinja_py: image.override_jinja ? 'True' : 'False',
    // Last: to add to what was spread takes many times as long.
    ...image,
  };
}

/** The values that templates/base/ may name. */
export function baseView(): Record<string, unknown> {
  return { version, minor_version: minorVersion, runtime_hash: runtimeHash() };
}

/** What CI calls a project, which may be one of several in its repository. */
function ciNames({ ci_folder }: Image): Record<string, string> {
  if (ci_folder === '.') return { ci_job: 'makina-image', image_job: 'image', ci_prefix: '' };
  const name = ci_folder.replaceAll('/', '--');
  return { ci_job: `makina-image-${name}`, image_job: `image-${name}`, ci_prefix: `${ci_folder}/` };
}

/** The extra volumes in the words of compose.yaml, and how each is saved and restored. */
function volumeLines(image: Image): Record<string, string> {
  const named = namedVolumes(image);
  const tar = ({ path, name }: (typeof named)[number], flags: string, rest: string) =>
    `docker run --rm${flags} -v ${name}:${path} --entrypoint tar ${image.name} --numeric-owner -C ${path} ${rest} ${name}.tar.gz\n`;
  return {
    volume_mounts: named.map(({ path, name }) => `      - ${name}:${path}\n`).join(''),
    backup_lines: named.map((volume) => tar(volume, '', '-cz . >')).join(''),
    restore_lines: named.map((volume) => tar(volume, ' -i', '-xz <')).join(''),
  };
}

/** How the README of a project starts it. */
function runLines(image: Image): Record<string, string> {
  const { name, publish } = image;
  if (Object.keys(image.services).length > 0)
    return {
      run_command: 'docker compose up --build',
      run_note:
        '`docker compose` (or `docker-compose`) builds the image too, and starts the [services](#services) beside it.',
    };
  return {
    run_command: `docker run --rm -it -p ${publish}:80 -v "$PWD/data:/srv/projects/${name}/data"${runFlags(image)} ${name}`,
    run_note: '`docker compose up --build` (or `docker-compose`) does the same as both commands.',
  };
}

/** What compose.watch.yaml does about an edit: code is copied and started again; what Salt's steps read needs a build. */
function watchRules(image: Image): string {
  const app = 'project/app';
  const read = earlyFiles(image).map((path) => (path ? `project/${path}` : app));
  const built = ['custom.sls', 'pillar', 'project/.salt', 'project/Dockerfile', ...read];
  const quoted = (path: string) => JSON.stringify(path).replaceAll('$', '$$$$');
  const rules = built.map((path) => ['action: rebuild', `path: ${quoted(path)}`]);
  const target = `/srv/projects/${image.name}/${app}`;
  if (!built.some((path) => isWithin(app, path)))
    rules.push(['action: sync+restart', `path: ${quoted(app)}`, `target: ${quoted(target)}`]);
  return rules.map((rule) => `        - ${rule.join('\n          ')}\n`).join('');
}

/** The ports nginx listens on; 80 where there is no vhost yet. */
function exposedPorts({ vhosts, ports: more }: Image): number[] {
  const listened = Object.values(vhosts).flatMap(({ listen, ssl_listen, ssl_cert, ssl_certificate }) =>
    (ssl_cert ?? ssl_certificate) ? [listen, ssl_listen] : [listen],
  );
  const ports = new Set([...(listened.length === 0 ? [80] : listened), ...more]);
  return [...ports].sort((a, b) => a - b);
}

/** Instructions of a Dockerfile, one for each value. */
function dockerLines(instruction: string, values: Record<string, string>): string {
  return Object.entries(values)
    .map(([key, value]) => `${instruction} ${key}=${dockerfile(value)}\n`)
    .join('');
}

/** In SETTINGS of mc_launcher.py, which reads the override before any pillar. */
function buildVariablesLines(image: Image): string {
  const used = buildVariables(image);
  if (Object.keys(used).length === 0) return '';
  return `    # Variables that a field of the build uses: an override cannot change them.\n    'build_variables': ${JSON.stringify(used)},\n`;
}

/** The sls that a reconfiguration runs, in their order. */
function startSteps({ reconfigure_steps }: Image): string[] {
  return [...new Set(['200_reconfigure', '300_nginx', '400_circus', ...reconfigure_steps])].sort();
}
