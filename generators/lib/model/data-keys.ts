/** The keys that the generator writes below `data` of a project's pillar. */

import type * as z from 'zod/mini';
import { fields } from './fields.ts';
import { configSchema } from './installed.ts';
import { geoSchema, mapSchema, upstreamSchema, vhostSchema } from './nginx.ts';
import { cronSchema, programSchema } from './program.ts';
import { secretSchema, seedSchema } from './schema.ts';

/** What an override can add entries to, and the schema of an entry. */
export const ENTRIES: Record<string, z.ZodMiniObject> = {
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

/** The fields of the run time, and those that Salt states need at build time. */
export const saltFields = fields.filter(({ runtime, salt }) => runtime || salt);

/** The key below `data` of a field of the model: another one where mc_project keeps that name for itself. */
export const dataKey = (field: string) => (field === 'groups' ? 'unix_groups' : field);

/** The key of what the entries of a field have in common, such as `program_defaults`. */
export const defaultsKey = (field: string) => `${field.slice(0, -1)}_defaults`;

/** Every key of `data` that the generator gives a meaning. */
export const DATA_KEYS: readonly string[] = saltFields.flatMap(({ key }) => [
  dataKey(key),
  ...(ENTRIES[key] ? [defaultsKey(key)] : []),
]);
