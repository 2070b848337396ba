import * as z from 'zod/mini';
import { imageSchema } from './schema.ts';
import type { FieldMeta } from './types.ts';

/** One field of the model or of an entry, as the fronts need it. */
export interface Field extends FieldMeta {
  /** Its name in answers and pillars, `base_image`. */
  key: string;
  /** Its name on a command line, `base-image`. */
  flag: string;
  kind: Scalar | 'list' | 'dict' | 'json';
  /** What is in a list or a dict, where that is one kind of single values: these can be given one by one. */
  items?: Scalar | undefined;
  /** The values that it, or each item of its list, can have, if they are a fixed list. */
  choices?: readonly string[];
  /** `undefined` if an answer is required, or optional. */
  default: unknown;
}

type Scalar = 'string' | 'boolean' | 'integer';

const SCALARS: Record<string, Scalar> = {
  string: 'string',
  enum: 'string',
  literal: 'string',
  boolean: 'boolean',
  number: 'integer',
};

/** The fields of an object of the model in their declared order. */
export function fieldsOf(object: z.ZodMiniObject): Field[] {
  return Object.entries(object.shape as Record<string, z.ZodMiniType>).map(([key, type]) => {
    const meta = z.globalRegistry.get(type) as unknown as FieldMeta;
    const own = { key, flag: key.replaceAll('_', '-'), ...kindOf(type), default: defaultOf(type) };
    return { ...meta, ...own, ...choicesOf(type) };
  });
}

/** The type inside an optional one or one with a default. */
export function innerType(type: z.ZodMiniType): z.ZodMiniType {
  const { def } = type as { def: { innerType?: z.ZodMiniType } };
  return def.innerType ? innerType(def.innerType) : type;
}

/** The default of a field, undefined where it has none. */
export function defaultOf({ def }: z.ZodMiniType): unknown {
  return def.type === 'default' ? (def as z.core.$ZodDefaultDef).defaultValue : undefined;
}

function kindOf(type: z.ZodMiniType): Pick<Field, 'kind' | 'items'> {
  const { def } = innerType(type);
  const scalar = SCALARS[def.type];
  if (scalar) return { kind: scalar };
  if (def.type === 'array') return { kind: 'list', items: oneKind([(def as z.core.$ZodArrayDef).element]) };
  if (def.type === 'record') return { kind: 'dict', items: oneKind([(def as z.core.$ZodRecordDef).valueType]) };
  if (def.type === 'object')
    return { kind: 'dict', items: oneKind(Object.values((def as z.core.$ZodObjectDef).shape)) };
  if (def.type === 'union') {
    const members = (def as z.core.$ZodUnionDef).options.map((member) => kindOf(member as z.ZodMiniType).kind);
    // Where text is accepted too, a number that is typed stays a number, and the model checks it.
    if (members.every((kind) => kind === 'integer' || kind === 'string'))
      return { kind: members.includes('integer') ? 'integer' : 'string' };
  }
  return { kind: 'json' };
}

function choicesOf(type: z.ZodMiniType): Pick<Field, 'choices'> {
  const { def } = innerType(type);
  if (def.type === 'array') return choicesOf((def as z.core.$ZodArrayDef).element as z.ZodMiniType);
  return def.type === 'enum' ? { choices: Object.values((def as z.core.$ZodEnumDef).entries).map(String) } : {};
}

function oneKind(types: z.core.$ZodType[]): Scalar | undefined {
  const kinds = types.map((type) => kindOf(type as z.ZodMiniType).kind);
  const [first, ...others] = new Set(kinds);
  return others.length === 0 ? Object.values(SCALARS).find((scalar) => scalar === first) : undefined;
}

/** Every field of the model in its declared order. */
export const fields: readonly Field[] = fieldsOf(imageSchema);

/** The defaults of the fields of an entry, a program for example, by name. */
export function defaultsOf(entry: z.ZodMiniObject): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entry.shape as Record<string, z.ZodMiniType>)
      .map(([key, type]) => [key, defaultOf(type)])
      .filter(([, fallback]) => fallback !== undefined),
  );
}
