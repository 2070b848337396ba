import * as z from 'zod/mini';
import { schemaId } from '../package.ts';
import { isDict } from './dict.ts';
import { fields } from './fields.ts';
import { RESERVED_DATA_KEYS } from './reserved.ts';
import { imageSchema } from './schema.ts';
import { testFileSchema } from './test-file.ts';
import { keysIn } from './types.ts';

type JsonSchema = { [key: string]: unknown };

const toJsonSchema = (schema: z.ZodMiniType): JsonSchema =>
  z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (jsonSchema.pattern) jsonSchema.patternErrorMessage = patternMessage(zodSchema);
      const known = keysIn(textOf(zodSchema));
      if (jsonSchema.pattern && known) jsonSchema.knownKeys = known;
      delete jsonSchema.prompt;
      delete jsonSchema.positional;
      delete jsonSchema.runtime;
      delete jsonSchema.salt;
    },
  }) as JsonSchema;

/** What the model says of a text that does not match: editors show it, and the launcher of a project too. */
function patternMessage(schema: z.core.$ZodType): unknown {
  const { checks } = textOf(schema)._zod.def as z.core.$ZodStringDef;
  const check = checks?.find(({ _zod }) => _zod.def.check === 'string_format');
  return check?._zod.def.error?.({ code: 'invalid_format', input: '' } as never);
}

/** A field that is optional or has a default has the pattern of the type inside. */
function textOf(schema: z.core.$ZodType): z.core.$ZodType {
  const { def } = schema._zod;
  return 'innerType' in def ? (def.innerType as z.core.$ZodType) : schema;
}

/** The JSON Schema of a whole image as a person writes it: what is required and what is the default. */
export const imageJsonSchema = (): JsonSchema => toJsonSchema(imageSchema);

/**
 * The JSON Schema of an answers file, for editors. Answers are merged over what is there, so nothing is required, and
 * `null` removes a value.
 */
export function answersSchema(): JsonSchema {
  const schema = nullable(withoutRequired(imageJsonSchema()));
  const own = { type: 'string', description: 'The JSON Schema of this file, for editors' };
  const { $schema, ...rest } = schema;
  return {
    $schema,
    $id: schemaId('answers'),
    title: 'Answers of generator-makina-image',
    description: 'What makina-image new --answers reads: every field of the model, by name; null removes one',
    ...rest,
    properties: { $schema: own, ...(schema.properties as JsonSchema) },
  };
}

/** The JSON Schema of test.yaml, for editors. */
export function testFileJsonSchema(): JsonSchema {
  const { $schema, ...rest } = toJsonSchema(testFileSchema());
  return { $schema, $id: schemaId('test'), title: 'Requests and settings of makina-image test', ...rest };
}

const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });

/** The same, so that an editor finds the description and one type. */
function answerOrNull(schema: JsonSchema): JsonSchema {
  const { description, ...kind } = schema;
  if (typeof kind.type !== 'string') return { ...(description !== undefined && { description }), ...orNull(kind) };
  const choices = Array.isArray(kind.enum) ? { enum: [...kind.enum, null] } : {};
  return { ...schema, type: [kind.type, 'null'], ...choices };
}

/** Every property may be `null` as well. */
function nullable(schema: JsonSchema): JsonSchema {
  const { properties, additionalProperties, ...rest } = schema;
  return {
    ...rest,
    ...(isDict(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, answerOrNull(nullable(value as JsonSchema))]),
      ),
    }),
    ...(additionalProperties !== undefined && {
      additionalProperties: isDict(additionalProperties)
        ? answerOrNull(nullable(additionalProperties))
        : additionalProperties,
    }),
  };
}

/**
 * The JSON Schema of the runtime override of a project: every field that the model marks as one of the run time, none
 * required. The top key is makina-projects.NAME; which one, the launcher knows.
 */
export function overrideSchema(): JsonSchema {
  const runtime = fields.filter((field) => field.runtime).map((field) => [field.key, true]);
  const { $schema, $defs, ...data } = toJsonSchema(z.pick(imageSchema, Object.fromEntries(runtime)));
  const buildKeys = fields.filter((field) => !field.runtime).map((field) => field.key);
  shareEntries(data.properties as Record<string, JsonSchema>);
  const values = (data.properties as Record<string, JsonSchema>).variables as JsonSchema;
  values.additionalProperties = orNull(values.additionalProperties as JsonSchema);
  const settings = {
    ...withoutRequired(removable(data)),
    propertyNames: { not: { enum: RESERVED_DATA_KEYS } },
    buildKeys,
  };
  const texts = new Map<string, string>();
  return {
    $schema,
    title: 'Runtime override of the project',
    type: 'object',
    patternProperties: {
      '^makina-projects\\.[a-z][a-z0-9]*$': {
        type: 'object',
        properties: { data: named(settings, texts) },
        additionalProperties: false,
      },
    },
    additionalProperties: false,
    $defs: {
      ...($defs as JsonSchema),
      ...Object.fromEntries([...texts].map(([text, name]) => [name, JSON.parse(text)])),
    },
  };
}

/** What `program_defaults` and so on can say of a field, and whether `null` takes it away, is what an entry can say. */
function shareEntries(properties: Record<string, JsonSchema>): void {
  for (const [key, defaults] of Object.entries(properties)) {
    if (!key.endsWith('_defaults')) continue;
    const entries = properties[key.replace(/_defaults$/, 's')] as { additionalProperties: JsonSchema };
    const known = entries.additionalProperties.properties as JsonSchema;
    const names = Object.keys(defaults.properties as JsonSchema);
    defaults.properties = Object.fromEntries(names.map((name) => [name, known[name]]));
  }
}

/** Gives each kind of text a name and refers to it: long patterns appear in many places. */
function named(node: unknown, texts: Map<string, string>): unknown {
  if (Array.isArray(node)) return node.map((item) => named(item, texts));
  if (!isDict(node)) return node;
  const { description, ...kind } = node;
  if (typeof kind.pattern !== 'string')
    return Object.fromEntries(
      // The launcher checks the names of entries itself.
      Object.entries(node).map(([key, value]) => [key, key === 'propertyNames' ? value : named(value, texts)]),
    );
  const text = JSON.stringify(kind);
  if (!texts.has(text)) texts.set(text, `text${texts.size + 1}`);
  return { ...(description !== undefined && { description }), $ref: `#/$defs/${texts.get(text)}` };
}

/** `null` removes an entry of a dict, or an optional field. */
function removable(schema: JsonSchema): JsonSchema {
  const { properties, additionalProperties, required = [] } = schema;
  const mayBeAbsent = (key: string, value: JsonSchema) =>
    !('default' in value) && !(required as string[]).includes(key);
  const changed: JsonSchema = {};
  if (isDict(properties))
    changed.properties = Object.fromEntries(
      Object.entries(properties as Record<string, JsonSchema>).map(([key, value]) => {
        const inner = removable(value);
        return [key, mayBeAbsent(key, value) ? orNull(inner) : inner];
      }),
    );
  if (isDict(additionalProperties) && isDict(additionalProperties.properties))
    changed.additionalProperties = orNull(removable(additionalProperties));
  return { ...schema, ...changed };
}

/** What is merged over values that are there requires nothing and has no defaults. */
function withoutRequired<T>(node: T): T {
  if (Array.isArray(node)) return node.map(withoutRequired) as T;
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(
    ([key, value]) => !(key === 'required' && Array.isArray(value)) && key !== 'default',
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutRequired(value)])) as T;
}
