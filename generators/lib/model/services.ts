/** What the services of an image come to: their part of compose.yaml, their secrets, and what programs get. */

import { type Dict, isDict } from './dict.ts';
import type { Image } from './schema.ts';
import { type NamedService, SERVICE_KINDS } from './service-kinds.ts';

/** Where Compose puts secrets. */
const SECRETS = '/run/secrets';
/** Where a project has them. */
export const SECRETS_FOLDER = '.secrets';

/** The words of a service that are ours, and not Compose's. */
export const OUR_WORDS: readonly string[] = ['kind', 'programs', 'database', 'username'];

/** A database may take its time to be made. */
const PATIENCE = { interval: '5s', timeout: '5s', retries: 10, start_period: '60s' };

/** A service as Compose runs it. */
export interface ComposeService {
  name: string;
  words: Dict;
}

/** The services of an image in Compose's words. */
export function composeServices(image: Image): ComposeService[] {
  return Object.entries(image.services).map(([name, service]) => {
    const own = Object.fromEntries(Object.entries(service).filter(([word]) => !OUR_WORDS.includes(word)));
    const restart = 'unless-stopped';
    if (!service.kind) return { name, words: { restart, ...own } };
    const kind = SERVICE_KINDS[service.kind];
    const { environment = {}, healthcheck, ...more } = kind.words(namedService(image, name));
    const words = {
      ...{ image: kind.image, restart, ...more, ...own },
      ...withDict('environment', environment, own.environment),
      ...withDict('healthcheck', { ...healthcheck, ...PATIENCE }, own.healthcheck),
      ...withList('secrets', kind.password ? [name] : [], own.secrets),
      ...withList('volumes', kind.data ? [`${name}:${kind.data}`] : [], own.volumes),
    };
    return { name, words };
  });
}

/** Those that start with the image: Compose starts one with profiles only if it is asked to. */
export function startedServices(image: Image): ComposeService[] {
  return composeServices(image).filter(({ words }) => isStarted(words));
}

const isStarted = ({ profiles }: Dict) => !(Array.isArray(profiles) && profiles.length > 0);

function withDict(word: string, known: Dict, own: unknown): Dict {
  const all = { ...known, ...(isDict(own) ? own : {}) };
  return Object.keys(all).length > 0 ? { [word]: all } : {};
}

function withList(word: string, known: readonly string[], own: unknown): Dict {
  const all = [...known, ...(Array.isArray(own) ? own : [])];
  return all.length > 0 ? { [word]: all } : {};
}

/** A service of a kind, with its names filled in. */
export function namedService({ name: project, services }: Image, name: string): NamedService {
  const { database = project, username = project } = services[name] ?? {};
  return { name, database, username, password: `${SECRETS}/${name}` };
}

/** The names of the secrets that services have, each once. */
export function secretNames(image: Image): string[] {
  return namesIn(image, 'secrets', (item) => (isDict(item) ? item.source : item));
}

/** The names of the volumes that services have, each once. */
export function volumeNames(image: Image): string[] {
  return namesIn(image, 'volumes', (item) => {
    if (isDict(item)) return item.type === 'volume' ? item.source : undefined;
    return /^([A-Za-z0-9][A-Za-z0-9_.-]*):/.exec(String(item))?.[1];
  });
}

function namesIn(image: Image, word: string, nameOf: (item: unknown) => unknown): string[] {
  const items = composeServices(image).flatMap(({ words }) => words[word] ?? []);
  return [...new Set(items.map(nameOf).filter((name) => typeof name === 'string'))].sort();
}

/** Where the container of the image has the secrets of its services. */
export function secretMounts(image: Image): { file: string; target: string }[] {
  return secretNames(image).map((name) => ({ file: `${SECRETS_FOLDER}/${name}`, target: `${SECRETS}/${name}` }));
}

/** What a service of a kind gives to a program or a cron. */
function given(image: Image, name: string) {
  const own = image.services[name] as Image['services'][string];
  const { kind } = own;
  if (!kind) return undefined;
  const { host, env, password, port } = SERVICE_KINDS[kind];
  const service = namedService(image, name);
  return {
    host,
    env: { [host]: name, ...env(service) },
    env_from: password ? { [password]: `file:${service.password}` } : {},
    address: isStarted(own) ? `${name}:${port}` : undefined,
  };
}

/** The services that a program or a cron uses, by name. */
export function servicesOf({ services }: Image, program: string): string[] {
  return Object.keys(services).filter((name) => services[name]?.programs?.includes(program) ?? true);
}

/** The same image, with what its programs and crons get of its services; what they say themselves counts. */
export function withServices(image: Image): Image {
  if (Object.keys(image.services).length === 0) return image;
  const entry = <T extends Entry>(name: string, own: T): T => {
    const all = servicesOf(image, name).flatMap((service) => given(image, service) ?? []);
    const named = new Set([...Object.keys(own.env), ...Object.keys(own.env_from)]);
    const missing = (more: Record<string, string>) => Object.entries(more).filter(([variable]) => !named.has(variable));
    const env = all.flatMap((service) => missing(service.env));
    const env_from = all.flatMap((service) => missing(service.env_from));
    // Where a program goes elsewhere, it needs no wait.
    const waits = all.flatMap(({ host, address }) => (address && !named.has(host) ? address : []));
    return {
      ...own,
      env: { ...Object.fromEntries(env), ...own.env },
      env_from: { ...Object.fromEntries(env_from), ...own.env_from },
      ...(own.wait_for && { wait_for: [...new Set([...waits, ...own.wait_for])] }),
    };
  };
  const entries = <T extends Entry>(all: Record<string, T>) =>
    Object.fromEntries(Object.entries(all).map(([name, own]) => [name, entry(name, own)]));
  return { ...image, programs: entries(image.programs), crons: entries(image.crons) };
}

interface Entry {
  env: Record<string, string>;
  env_from: Record<string, string>;
  wait_for?: string[];
}
