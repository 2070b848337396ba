/** Services that would break compose.yaml, or that their programs could not use. */

import { nearest } from '../text/nearest.ts';
import { isDict } from './dict.ts';
import { namedVolumes } from './docker-run.ts';
import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';
import { serviceSchema } from './service.ts';
import { SERVICE_KINDS } from './service-kinds.ts';
import { namedService, OUR_WORDS, servicesOf } from './services.ts';

type Service = Image['services'][string];

export function checkServices(image: Image): Problem[] {
  return [
    ...Object.entries(image.services).flatMap(([name, service]) => [
      ...checkNames(image, name),
      ...checkKind(image, name, service),
      ...checkWords(name, service),
      ...checkUsers(image, name, service),
    ]),
    ...checkVariables(image),
  ];
}

function checkNames(image: Image, name: string): Problem[] {
  const path = ['services', name];
  if (name === image.name)
    return [{ path, message: 'has the name of the service that runs the image itself; rename it' }];
  if (namedVolumes(image).some((volume) => volume.name === name))
    return [{ path, message: 'has the name of a volume of the image; rename it' }];
  return [];
}

/** Names that a server has for itself. */
const TAKEN: Partial<Record<NonNullable<Service['kind']>, { database: RegExp; username: RegExp }>> = {
  postgresql: { database: /^template[01]$/, username: /^(pg_.*|public|none)$/ },
  mariadb: { database: /^(mysql|sys|information_schema|performance_schema)$/, username: /^(root|mysql|mariadb_?sys)$/ },
};

function checkKind(image: Image, name: string, service: Service): Problem[] {
  const at = (word: string) => ['services', name, word];
  const { kind, image: given } = service;
  if (!kind && given === undefined && service.build === undefined) {
    const kinds = Object.keys(SERVICE_KINDS).join(', ');
    return [{ path: ['services', name], message: `must have a kind (${kinds}), an image or a build` }];
  }
  if (!kind && service.programs !== undefined)
    return [{ path: at('programs'), message: 'has an effect for a service with a kind only; take it away' }];
  const taken = kind && TAKEN[kind];
  const named = namedService(image, name);
  return (['database', 'username'] as const).flatMap((word) => {
    if (!taken)
      return service[word] === undefined
        ? []
        : [{ path: at(word), message: 'has an effect for postgresql and mariadb only; take it away' }];
    return taken[word].test(named[word])
      ? [{ path: at(word), message: `is ${named[word]}, which ${kind} keeps for itself; give it another one` }]
      : [];
  });
}

/** What is added to, or declared for the whole file, must have the form that this takes. */
function checkWords(name: string, service: Service): Problem[] {
  const problem = (word: string, message: string) => ({ path: ['services', name, word], message });
  const words = Object.keys(service);
  const known = Object.keys(serviceSchema.shape);
  return [
    ...words
      .filter((word) => !known.includes(word) && nearest(word, OUR_WORDS))
      .map((word) => problem(word, `is not a word of Compose${nearest(word, OUR_WORDS)}`)),
    ...words
      .filter((word) => /[^a-z_-]/.test(word) && !word.startsWith('x-'))
      .map((word) => problem(word, 'is not a word of Compose')),
    ...['volumes', 'secrets'].flatMap((word) =>
      service[word] === undefined || Array.isArray(service[word]) ? [] : [problem(word, 'must be a list')],
    ),
    ...['environment', 'healthcheck'].flatMap((word) =>
      !service.kind || service[word] === undefined || isDict(service[word])
        ? []
        : [problem(word, 'must be a mapping, as NAME: value')],
    ),
    ...(Array.isArray(service.secrets) ? service.secrets : []).flatMap((item) => {
      const source = isDict(item) ? item.source : item;
      if (typeof source === 'string' && /^[a-z][a-z0-9_-]{0,63}$/.test(source)) return [];
      return [problem('secrets', 'must name secrets of 1 to 64 lower-case letters, digits, - and _')];
    }),
  ];
}

function checkUsers({ programs, crons }: Image, name: string, service: Service): Problem[] {
  const known = [...Object.keys(programs), ...Object.keys(crons)];
  return (service.programs ?? []).flatMap((program, index) =>
    known.includes(program)
      ? []
      : [
          {
            path: ['services', name, 'programs', String(index)],
            message: `names ${program}, which is no program and no cron${nearest(program, known)}`,
          },
        ],
  );
}

/** Two servers of one kind would be one variable. */
function checkVariables(image: Image): Problem[] {
  const users = [...Object.keys(image.programs), ...Object.keys(image.crons)];
  const found = new Map<string, Problem>();
  for (const user of users) {
    const kinds = new Map<string, string>();
    for (const name of servicesOf(image, user)) {
      const kind = image.services[name]?.kind;
      const other = kind && kinds.get(kind);
      if (kind) kinds.set(kind, name);
      const message = `and ${other} are both ${kind}, and ${user} would get the same variables of both; say in \`programs\` who uses which`;
      if (other && !found.has(name)) found.set(name, { path: ['services', name], message });
    }
  }
  return [...found.values()];
}
