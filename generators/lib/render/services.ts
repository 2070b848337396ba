import { isDict } from '../model/dict.ts';
import { namedVolumes } from '../model/docker-run.ts';
import type { Image } from '../model/schema.ts';
import { SERVICE_KINDS } from '../model/service-kinds.ts';
import {
  type ComposeService,
  composeServices,
  namedService,
  SECRETS_FOLDER,
  secretNames,
  startedServices,
  volumeNames,
} from '../model/services.ts';
import { yaml } from '../text/quote.ts';
import { wrap } from '../text/wrap.ts';
import { yamlBlock } from './yaml-block.ts';

/** What services add to the files of a project; nothing to those of a project without. */
export function serviceLines(image: Image): Record<string, string> {
  const services = composeServices(image);
  const needed = startedServices(image);
  const secrets = secretNames(image);
  const app = {
    ...(needed.length > 0 && {
      depends_on: Object.fromEntries(needed.map((service) => [service.name, { condition: conditionOf(service) }])),
    }),
    ...(secrets.length > 0 && { secrets }),
  };
  return {
    app_lines: yamlBlock(app, folded, 4),
    service_lines: blocks(services),
    secret_declarations: secretDeclarations(secrets, `./${SECRETS_FOLDER}`),
    volume_declarations: volumeDeclarations(image),
    ignored_secrets: secrets.length > 0 ? `${SECRETS_FOLDER}\n` : '',
    service_section: services.length > 0 ? section(image, secrets) : '',
  };
}

/**
 * A compose file with nothing but the services: to run them for a test, with volumes and ports of no one else.
 * @param folder where their secrets are
 */
export function servicesAlone(image: Image, folder: string): string {
  const services = composeServices(image).map(({ name, words }) => {
    const { ports, container_name, ...own } = words;
    return { name, words: own };
  });
  const volumes = volumeLines(volumeNames(image));
  return `services:\n${blocks(services)}${volumes && `volumes:\n${volumes}`}${secretDeclarations(secretNames(image), folder.replaceAll('$', '$$$$'))}`;
}

/** Compose's services start in this order, and those with a health check are waited for. */
function conditionOf({ words: { healthcheck } }: ComposeService): string {
  return isDict(healthcheck) && healthcheck.disable !== true ? 'service_healthy' : 'service_started';
}

const blocks = (services: readonly ComposeService[]) =>
  services.map(({ name, words }) => yamlBlock({ [name]: words }, folded, 2)).join('');

function secretDeclarations(names: readonly string[], folder: string): string {
  const files = Object.fromEntries(names.map((name) => [name, { file: `${folder}/${name}` }]));
  return names.length > 0 ? yamlBlock({ secrets: files }, folded, 0) : '';
}

/** Those of the image have a name that `docker run` knows too; Compose names the others after the folder. */
function volumeDeclarations(image: Image): string {
  const named = namedVolumes(image).map(({ name }) => name);
  const own = named.map((name) => `  ${name}:\n    name: ${name}\n`).join('');
  const lines = own + volumeLines(volumeNames(image).filter((name) => !named.includes(name)));
  return lines && `volumes:\n${lines}`;
}

/** The keys have quotes where YAML would take them for something else than a name. */
const volumeLines = (names: readonly string[]) =>
  yamlBlock(Object.fromEntries(names.map((name) => [name, {}])), folded, 2);

/** A quoted YAML scalar in lines that are not too long: between two words a line break is a space. */
function folded(text: string, indent?: number): string {
  const quoted = yaml(text);
  // A key is one line, and YAML would take several spaces at a line break for one.
  return indent === undefined || / {2}|^" | "$/.test(quoted) ? quoted : wrap(quoted, 76, indent + 4);
}

/** The part of a project's README. */
function section(image: Image, secrets: readonly string[]): string {
  const names = Object.keys(image.services).map((name) => `\`${name}\``);
  const last = names.pop();
  const all = names.length > 0 ? `${names.join(', ')} and ${last}` : last;
  const backups = Object.entries(image.services).flatMap(([name, { kind }]) => {
    const commands = kind && SERVICE_KINDS[kind].backup?.(namedService(image, name), `${image.name}-${name}`);
    return commands
      ? [
          `### Back up and restore ${name}\n\n\`\`\`sh\n${commands.save}\n\`\`\`\n\nThis replaces what is in \`${name}\` with what the backup has; start the image again after it:\n\n\`\`\`sh\n${commands.restore}\n\`\`\``,
        ]
      : [];
  });
  return [
    '## Services',
    `\`compose.yaml\` and \`makina-image up\` start ${all} beside the image. Their data is in volumes that \`docker compose down\` leaves, and \`docker compose down --volumes\` removes.`,
    ...(secrets.length > 0 ? [secretText(secrets)] : []),
    ...backups,
    '',
  ].join('\n\n');
}

function secretText(secrets: readonly string[]): string {
  const files = secrets.map((name) => `${SECRETS_FOLDER}/${name}`);
  return `The passwords are in \`${SECRETS_FOLDER}/\`, which git and the image do not get. \`makina-image up\` draws one that is not there, such as in a fresh clone. Without it:

\`\`\`sh
mkdir -p ${SECRETS_FOLDER}
for file in ${files.join(' ')}; do (umask 077; test -s $file || openssl rand -hex 24 > $file); done
\`\`\`

A database keeps the password of its first start, so keep the files as long as the volumes, and back them up.`;
}
