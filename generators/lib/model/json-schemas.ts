import * as z from 'zod';
import { fields } from './fields.ts';
import { RESERVED_DATA_KEYS } from './reserved.ts';
import { imageSchema } from './schema.ts';

type JsonSchema = { [key: string]: unknown };

const toJsonSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      delete jsonSchema.prompt;
      delete jsonSchema.positional;
      delete jsonSchema.runtime;
      delete jsonSchema.salt;
    },
  }) as JsonSchema;

/** The JSON Schema of an answers file, for editors. A `null` takes a value away, so it is welcome everywhere below the top. */
export function answersSchema(): JsonSchema {
  const schema = toJsonSchema(imageSchema);
  return {
    ...schema,
    title: 'Answers of generator-makina-image',
    properties: { $schema: { type: 'string' }, ...(schema.properties as JsonSchema) },
    required: [],
  };
}

/** The JSON Schema of the run-time override of one project: every field that the model marks as one of the run time, none required. */
export function overrideSchema(name: string): JsonSchema {
  const runtime = fields.filter((field) => field.runtime).map((field) => [field.key, true]);
  const { $schema, $defs, ...data } = toJsonSchema(imageSchema.pick(Object.fromEntries(runtime)));
  return {
    $schema,
    title: `Run-time override of ${name}`,
    type: 'object',
    properties: {
      [`makina-projects.${name}`]: {
        type: 'object',
        properties: { data: { ...withoutRequired(data), propertyNames: { not: { enum: RESERVED_DATA_KEYS } } } },
        additionalProperties: false,
      },
    },
    additionalProperties: false,
    $defs,
  };
}

/** An override is merged over values that are there, so nothing is required and nothing has a default. */
function withoutRequired<T>(node: T): T {
  if (Array.isArray(node)) return node.map(withoutRequired) as T;
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(
    ([key, value]) => !(key === 'required' && Array.isArray(value)) && key !== 'default',
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutRequired(value)])) as T;
}
