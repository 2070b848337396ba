import fs from 'node:fs';
import { join } from 'node:path';
import { isDict } from '../model/dict.ts';
import type { Intent } from '../model/intent.ts';
import { packageRoot } from '../package.ts';
import { asRunner } from '../system/rights.ts';

/** A JSON Schema, or a part of one. */
export type Schema = Intent;

const TYPES: Record<string, [is: (value: unknown) => boolean, name: string]> = {
  object: [isDict, 'a mapping'],
  array: [Array.isArray, 'a list'],
  string: [(value) => typeof value === 'string', 'text; put it in quotes'],
  integer: [Number.isInteger, 'a whole number'],
  number: [(value) => typeof value === 'number', 'a number'],
  boolean: [(value) => typeof value === 'boolean', 'true or false'],
  null: [(value) => value === null, 'null'],
};

/** The schema of the settings that a project takes at run time: the package's, since a pattern of the project could run forever. */
export function dataSchema(): Schema {
  const path = join(packageRoot, 'templates/runtime/pillar.schema.json.ejs');
  const schema = JSON.parse(asRunner(() => fs.readFileSync(path, 'utf8'))) as Record<string, Record<string, Schema>>;
  const [top] = Object.values(schema.patternProperties ?? {});
  return { ...((top?.properties as Record<string, Schema>).data as Schema), $defs: schema.$defs ?? {} };
}

/**
 * What is wrong with a value, in the words that the launcher's schema.py prints at a start. The sentences name keys and what is
 * expected, never a value: it may be a secret.
 * @param where what the sentences call the value
 */
export function violations(schema: Schema, value: unknown, where: string): string[] {
  return judged(schema, value, where, schema.$defs as Record<string, Schema>);
}

function judged(given: Schema, value: unknown, where: string, known: Record<string, Schema>): string[] {
  const schema = typeof given.$ref === 'string' ? (known[given.$ref.replace(/.*\//, '')] as Schema) : given;
  if (Array.isArray(schema.anyOf)) return ofAny(schema.anyOf as Schema[], value, where, known);
  const type = typeof schema.type === 'string' ? TYPES[schema.type] : undefined;
  if (type && !type[0](value)) return [`${where} must be ${rangeOf(schema) ?? type[1]}`];
  const found: string[] = [];
  const { enum: choices, minimum = -Infinity, maximum = Infinity, pattern } = schema;
  if (Array.isArray(choices) && !choices.includes(value)) found.push(`${where} must be one of ${choices.join(', ')}`);
  if (typeof value === 'number' && !(Number(minimum) <= value && value <= Number(maximum)))
    found.push(`${where} must be ${rangeOf(schema)}`);
  if (typeof pattern === 'string' && typeof value === 'string' && !matches(pattern, value))
    found.push(`${where} ${schema.patternErrorMessage ?? 'has a form that is not allowed'}`);
  if (Array.isArray(value) && isDict(schema.items))
    found.push(...value.flatMap((item, index) => judged(schema.items as Schema, item, `${where}[${index}]`, known)));
  if (isDict(value)) found.push(...ofMapping(schema, value, where, known));
  return found;
}

function ofAny(alternatives: Schema[], value: unknown, where: string, known: Record<string, Schema>): string[] {
  const found = alternatives.map((schema) => judged(schema, value, where, known));
  if (found.some((sentences) => sentences.length === 0)) return [];
  // The problem of the alternative that is not null says most.
  return found[alternatives.findIndex(({ type }) => type !== 'null')] ?? [];
}

function ofMapping(schema: Schema, value: Intent, where: string, known: Record<string, Schema>): string[] {
  const properties = isDict(schema.properties) ? (schema.properties as Record<string, Schema>) : {};
  const { additionalProperties: others = true, propertyNames: name } = schema;
  return Object.entries(value).flatMap(([key, item]) => {
    const here = `${where}.${key}`;
    if (Object.hasOwn(properties, key)) return judged(properties[key] as Schema, item, here, known);
    if (Array.isArray(schema.buildKeys) && schema.buildKeys.includes(key))
      return [`${here} is only read by a build; change it in the answers, and build the image again`];
    if (others === false)
      return [`${here} is not a setting; ${where} takes ${Object.keys(properties).sort().join(', ')}`];
    const badName = isDict(name) && typeof name.pattern === 'string' && !matches(name.pattern, key);
    const message = isDict(name) ? (name.patternErrorMessage ?? 'has a form that is not allowed') : '';
    return [
      ...(badName ? [`the name of ${here} ${message}`] : []),
      ...(isDict(others) ? judged(others, item, here, known) : []),
    ];
  });
}

const matches = (pattern: string, text: string) => new RegExp(`^(?:${pattern})$`).test(text);

function rangeOf({ minimum, maximum }: Schema): string | undefined {
  return minimum === undefined || maximum === undefined ? undefined : `a whole number from ${minimum} to ${maximum}`;
}
