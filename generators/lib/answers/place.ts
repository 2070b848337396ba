/** What may be at a place of a document: text is taken as it is spelled. */

import type { core, ZodMiniType } from 'zod/mini';
import { isDict } from '../model/dict.ts';
import { innerType } from '../model/fields.ts';

export interface Place {
  /** free: whatever JSON can hold, its keys too; other: what we do not check. */
  kind: 'text' | 'typed' | 'free' | 'other';
  field(key: string): Place;
  item(): Place;
  /** Its keys name projects: the paths in messages start below them. */
  isTop?: boolean;
}

export const FREE: Place = { kind: 'free', field: () => FREE, item: () => FREE };

const OTHER: Place = { kind: 'other', field: () => OTHER, item: () => OTHER };

/** The place of a document that holds the settings of projects below some of its keys, as an override and a pillar do. */
export function placeOfPillar(data: Place): Place {
  const settings: Place = { ...FREE, kind: 'typed', field: (key) => (key === 'data' ? data : FREE) };
  const below = (key: string) => {
    if (!/^makina-(projects|states)\./.test(key)) return OTHER;
    return key.endsWith('.data') ? data : settings;
  };
  return { ...OTHER, field: below, isTop: true };
}

/** The place of a value of the model. */
export function placeOfType(type: ZodMiniType): Place {
  const { def } = innerType(type);
  if (['string', 'enum', 'literal'].includes(def.type)) return { ...FREE, kind: 'text' };
  const typed: Place = { ...FREE, kind: 'typed' };
  if (def.type === 'array')
    return { ...typed, item: () => placeOfType((def as core.$ZodArrayDef).element as ZodMiniType) };
  if (def.type === 'record')
    return { ...typed, field: () => placeOfType((def as core.$ZodRecordDef).valueType as ZodMiniType) };
  if (def.type === 'object') {
    const { shape } = def as core.$ZodObjectDef;
    return { ...typed, field: (key) => (Object.hasOwn(shape, key) ? placeOfType(shape[key] as ZodMiniType) : FREE) };
  }
  return ['boolean', 'number', 'int'].includes(def.type) ? typed : FREE;
}

type Schema = { [key: string]: unknown };

/** The place of a value of a JSON Schema, as the launcher's plain_yaml.py finds it. */
export function placeOfSchema(given: Schema, known: Schema): Place {
  const schema = typeof given.$ref === 'string' ? (known[given.$ref.replace(/.*\//, '')] as Schema) : given;
  if (Array.isArray(schema.anyOf)) {
    const [only, ...others] = schema.anyOf.filter(({ type }) => type !== 'null');
    return only && others.length === 0 ? placeOfSchema(only, known) : FREE;
  }
  if (schema.type === undefined) return FREE;
  if (schema.type === 'string') return { ...FREE, kind: 'text' };
  const { properties, additionalProperties, items } = schema;
  const fields = isDict(properties) ? properties : {};
  const field = (key: string) => {
    const inner = Object.hasOwn(fields, key) ? fields[key] : additionalProperties;
    return isDict(inner) ? placeOfSchema(inner, known) : FREE;
  };
  return { kind: 'typed', field, item: () => (isDict(items) ? placeOfSchema(items, known) : FREE) };
}
