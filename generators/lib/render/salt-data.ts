import { isDeepStrictEqual } from 'node:util';
import { defaultsOf, fields } from '../model/fields.ts';
import { configSchema } from '../model/installed.ts';
import { geoSchema, mapSchema, upstreamSchema, vhostSchema } from '../model/nginx.ts';
import { cronSchema, programSchema } from '../model/program.ts';
import { type Image, secretSchema, seedSchema } from '../model/schema.ts';
import { sls } from '../text/quote.ts';
import { yamlBlock } from './yaml-block.ts';

type Entry = Parameters<typeof defaultsOf>[0];

/** What an override can add entries to. */
const ENTRIES: Record<string, Entry> = {
  programs: programSchema,
  vhosts: vhostSchema,
  upstreams: upstreamSchema,
  maps: mapSchema,
  geos: geoSchema,
  configs: configSchema,
  seeds: seedSchema,
  crons: cronSchema,
  secrets: secretSchema,
};

/** Where the name of the model is one of mc_project's own. */
const OTHER_NAMES: Record<string, string> = { groups: 'unix_groups' };
const nameOf = (key: string) => OTHER_NAMES[key] ?? key;

/** The fields of the run time, and those that Salt states need at build time. */
const saltFields = fields
  .filter((field) => field.runtime || field.salt)
  .map(({ key, default: fallback }) => ({
    key: key as keyof Image,
    fallback,
    entry: ENTRIES[key] && defaultsOf(ENTRIES[key]),
  }));

/** What `cfg.data` holds where a project says nothing: of each field, and of each entry as `program_defaults` and so on. */
export function saltDefaults(): Record<string, unknown> {
  return Object.fromEntries(
    saltFields.flatMap(({ key, fallback, entry }) => [
      ...(entry ? [[`${key.slice(0, -1)}_defaults`, entry]] : []),
      ...(key.endsWith('_defaults') ? [] : [[nameOf(key), fallback]]),
    ]),
  );
}

/** What a project says of `cfg.data`, as YAML: no more than what differs from the defaults. */
export function saltData(image: Image): string {
  const given = Object.fromEntries(
    saltFields.map(({ key, entry }) => {
      const own = image[`${key.slice(0, -1)}_defaults` as keyof Image] as Record<string, unknown> | undefined;
      return [key, entry ? differing(image[key] as Entries, { ...entry, ...own }) : image[key]];
    }),
  );
  const data = Object.fromEntries(
    saltFields
      .filter(({ key, fallback }) => !isDeepStrictEqual(given[key], fallback))
      .map(({ key }) => [nameOf(key), given[key]]),
  );
  return yamlBlock({ data }, sls, 2);
}

type Entries = Record<string, Record<string, unknown>>;

/** What entries say beside the defaults. */
function differing(entries: Entries, defaults: Record<string, unknown>): Entries {
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => {
      // With a socket only the umask of the entry itself counts.
      const isOwn = (key: string) => key === 'umask' && entry.socket !== undefined;
      const given = Object.entries(entry).filter(
        ([key, value]) => isOwn(key) || !isDeepStrictEqual(value, defaults[key]),
      );
      return [name, Object.fromEntries(given)];
    }),
  );
}
