import { doctorJsonSchema } from '../generators/lib/doctor/finding.ts';
import { isDict } from '../generators/lib/model/dict.ts';
import { fields } from '../generators/lib/model/fields.ts';
import {
  answersSchema,
  imageJsonSchema,
  overrideSchema,
  testFileJsonSchema,
} from '../generators/lib/model/json-schemas.ts';
import { reportJsonSchema } from '../generators/lib/output/report.ts';
import { saltDefaults } from '../generators/lib/render/salt-data.ts';

/**
 * The files of this repository that are made from the model, by path; `npm run docs:model` writes them and a test
 * holds them against the model. The template is one of them so that the bin need not make a JSON Schema at each start.
 */
export function publishedFiles(): Record<string, string> {
  return {
    'docs/answers.schema.json': json(answersSchema()),
    'docs/doctor.schema.json': json(doctorJsonSchema()),
    'docs/model.md': `# The model

Made from the model by \`npm run docs:model\`. Each field is a flag of \`makina-image new\`, a key of an answers file and
of \`.yo-rc.json\`; the fields of the run time can also be changed in the override pillar of a running image.

${fieldTable()}
${defaultsTable()}
${dictTables()}`,
    'docs/report.schema.json': json(reportJsonSchema()),
    'docs/test.schema.json': json(testFileJsonSchema()),
    'templates/runtime/defaults.json.ejs': json(saltDefaults()),
    'templates/runtime/pillar.schema.json.ejs': json(overrideSchema()),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function fieldTable(): string {
  const required = (imageJsonSchema().required ?? []) as string[];
  return table(
    ['field', 'flag', 'kind', 'default', 'run time', 'what'],
    fields.map(({ key, flag, kind, default: fallback, description, runtime }) => [
      `\`${key}\``,
      `\`--${flag}\``,
      kind,
      defaultOf({ default: fallback }, required.includes(key)),
      runtime ? 'yes' : '',
      description,
    ]),
  );
}

type Node = { [key: string]: unknown };

/** What `program_defaults` and the others can say. */
function defaultsTable(): string {
  const properties = imageJsonSchema().properties as Record<string, Node>;
  const rows = Object.keys(properties)
    .filter((key) => key.endsWith('_defaults'))
    .map((key) => {
      const entries = key.replace(/_defaults$/, 's');
      const { properties: ofEntry } = properties[entries]?.additionalProperties as { properties: Node };
      const apart = Object.keys(ofEntry).filter((name) => !Object.hasOwn(properties[key]?.properties as Node, name));
      return [`\`${key}\``, `[\`${entries}\`](#${entries}name)`, apart.map((name) => `\`${name}\``).join(', ')];
    });
  return `## What entries have in common

These dicts take the fields of an entry, and each entry that leaves one out has it from there. A value of an entry
wins, also over a whole dict or list.

${table(['field', 'of each of', 'fields that it does not take'], rows)}`;
}

/** One section for each dict whose entries have fields of their own, and for dicts inside those. */
function dictTables(): string {
  return sections('', imageJsonSchema().properties as Node).join('\n');
}

function sections(above: string, properties: Node): string[] {
  return Object.entries(properties).flatMap(([key, value]) => {
    const entry = (value as Node).additionalProperties as Node | undefined;
    if (!isDict(entry) || !isDict(entry.properties)) return [];
    const at = `${above}${key}.NAME.`;
    const required = (entry.required ?? []) as string[];
    const rows = Object.entries(entry.properties as Record<string, Node>).map(([name, type]) => [
      `\`${name}\``,
      String(type.type ?? ''),
      defaultOf(type, required.includes(name)),
      String(type.description),
    ]);
    const heading = `## ${at.slice(0, -1)}\n\n${table(['field', 'type', 'default', 'what'], rows)}`;
    return [heading, ...sections(at, entry.properties)];
  });
}

function defaultOf(type: Node, required: boolean): string {
  if (type.default !== undefined) return `\`${JSON.stringify(type.default)}\``;
  return required ? 'required' : 'none';
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('');
}
