import { namedVolumes, runFlags, stopTimeout } from '../model/docker-run.ts';
import { fields } from '../model/fields.ts';
import type { Image } from '../model/schema.ts';
import { minorVersion, version } from '../package.ts';
import { sls } from '../quote/quote.ts';
import { yamlBlock } from '../quote/yaml-block.ts';
import { renderTemplate } from './template.ts';

/** The values that templates/project/ may name as `it.…`. */
export function projectView(image: Image): Record<string, unknown> {
  const { name } = image;
  return {
    ...image,
    version,
    minor_version: minorVersion,
    group: `${name}-grp`,
    user: `${name}-user`,
    project_dir: `/srv/projects/${name}`,
    ...volumeLines(image),
    run_flags: runFlags(image),
    stop_timeout: stopTimeout(image),
    app_example: image.demo ? 'greeting: Good morning' : 'some_setting: some value',
    exposed_ports: exposedPorts(image).join(' '),
    volumes_json: JSON.stringify([`/srv/projects/${name}/data`, ...image.volumes]),
    data: yamlBlock(saltData(image), sls, 4),
    program_stanzas: stanzas('program', name, Object.keys(image.programs)),
    vhost_stanzas: stanzas('vhost', name, Object.keys(image.vhosts)),
  };
}

/** The values that templates/base/ may name. */
export function baseView(): Record<string, unknown> {
  return { version, minor_version: minorVersion };
}

/** The extra volumes in the words of compose.yaml. */
function volumeLines(image: Image): Record<string, string> {
  const named = namedVolumes(image);
  const declared = named.map(({ name }) => `  ${name}:\n    name: ${name}\n`).join('');
  return {
    volume_mounts: named.map(({ path, name }) => `      - ${name}:${path}\n`).join(''),
    volume_declarations: declared && `volumes:\n${declared}`,
  };
}

/** The ports nginx listens on; 80 where there is no vhost yet. */
function exposedPorts({ vhosts }: Image): number[] {
  const ports = new Set(Object.values(vhosts).map(({ listen }) => listen));
  return ports.size === 0 ? [80] : [...ports].sort((a, b) => a - b);
}

/** What the Salt project reads as cfg.data: the fields of the run time, and those that its states need at build time. */
function saltData(image: Image): Record<string, unknown> {
  const keys = fields.filter((field) => field.runtime || field.salt).map((field) => field.key as keyof Image);
  return Object.fromEntries(keys.map((key) => [key, image[key]]));
}

function stanzas(kind: 'program' | 'vhost', name: string, keys: string[]): string {
  return keys.map((key) => renderTemplate(`stanzas/${kind}.sls`, { name, key, id: key.replace('*', '+') })).join('\n');
}
