import * as z from 'zod/mini';
import { imageSchema } from './schema.ts';
import type { FieldMeta } from './types.ts';

/** One top-level field of the model, as the fronts need it. */
export interface Field extends FieldMeta {
  /** Its name in answers and pillars, `base_image`. */
  key: string;
  /** Its name on a command line, `base-image`. */
  flag: string;
  kind: 'string' | 'boolean' | 'integer' | 'list' | 'dict';
  /** `undefined` where an answer is required. */
  default: unknown;
}

const KINDS: Record<string, Field['kind']> = {
  string: 'string',
  boolean: 'boolean',
  number: 'integer',
  array: 'list',
  record: 'dict',
};

/** Every field of the model in its declared order. */
export const fields: readonly Field[] = Object.entries(imageSchema.shape).map(([key, type]) => {
  const meta = z.globalRegistry.get(type) as unknown as FieldMeta;
  const inner = type.def.type === 'default' ? type.def.innerType : type;
  const kind = KINDS[inner.def.type];
  if (!kind) throw new Error(`the field ${key} has the type ${inner.def.type}, which no flag can carry`);
  const usual = type.def.type === 'default' ? type.def.defaultValue : undefined;
  return { ...meta, key, flag: key.replaceAll('_', '-'), kind, default: usual };
});

/** The defaults of the fields of an entry, a program for example, by name. */
export function defaultsOf(entry: z.ZodMiniObject): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entry.shape as Record<string, z.ZodMiniType>).flatMap(([key, { def }]) =>
      def.type === 'default' ? [[key, (def as z.core.$ZodDefaultDef).defaultValue]] : [],
    ),
  );
}
