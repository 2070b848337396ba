import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { getLanguageService, TextDocument } from 'vscode-json-languageservice';
import { fieldsOf } from '../../generators/lib/model/fields.ts';
import { programSchema } from '../../generators/lib/model/program.ts';
import { imageSchema } from '../../generators/lib/model/schema.ts';
import { makinaImage, tempDir } from '../support/run.ts';

const service = getLanguageService({
  schemaRequestService: (uri) => readFile(fileURLToPath(uri), 'utf8'),
  workspaceContext: { resolveRelativePath: (path, from) => new URL(path, from).href },
});
service.configure({ validate: true });

/** A JSON answers file beside the schema that `makina-image schema answers` prints; `|` is the cursor. */
async function opened(answers: string) {
  const dir = tempDir();
  await makinaImage(dir, ['schema', 'answers'], { stdout: { file: join(dir, 'answers.schema.json') } });
  const text = `{ "$schema": "./answers.schema.json", ${answers} }`;
  const offset = text.indexOf('|');
  const uri = pathToFileURL(join(dir, 'answers.json')).href;
  const document = TextDocument.create(uri, 'json', 1, text.replace('|', ''));
  return { document, json: service.parseJSONDocument(document), position: document.positionAt(offset) };
}

async function completed(answers: string) {
  const { document, json, position } = await opened(answers);
  const list = await service.doComplete(document, position, json);
  return Object.fromEntries((list?.items ?? []).map(({ label, documentation }) => [label, String(documentation)]));
}

async function diagnosed(answers: string): Promise<string[]> {
  const { document, json } = await opened(answers);
  return (await service.doValidation(document, json)).map(({ message }) => String(message));
}

const told = (fields: ReturnType<typeof fieldsOf>) => fields.map(({ key, description }) => [key, description]);

describe('an editor with the published schema', () => {
  test('completes every field, with what it is', async () => {
    expect(await completed('"|"')).toMatchObject(Object.fromEntries(told(fieldsOf(imageSchema))));
  });
  test('completes the fields of a program', async () => {
    const program = await completed('"programs": { "web": { "|" } }');
    expect(program).toEqual(Object.fromEntries(told(fieldsOf(programSchema))));
  });
  test('completes a location of a vhost, and what a field may be', async () => {
    expect(await completed('"vhosts": { "x.org": { "locations": { "/": { "proxy|" } } } }')).toMatchObject({
      proxy_pass: expect.any(String),
    });
    expect(Object.keys(await completed('"programs": { "web": { "stop_signal": | } }'))).toContain('"HUP"');
    expect(Object.keys(await completed('"ci": [|]'))).toEqual(['"github"', '"gitlab"', '"renovate"']);
  });
  test('shows what a field is where the mouse points at it', async () => {
    const { document, json, position } = await opened('"pub|lish": 1');
    const hover = await service.doHover(document, position, json);
    expect(JSON.stringify(hover)).toContain('Port of the host');
  });
  test.each([
    ['"nmae": "x"', 'Property nmae is not allowed.'],
    ['"programs": { "web": { "nunprocesses": 3 } }', 'Property nunprocesses is not allowed.'],
    ['"name": "Bad Name"', 'must be 1 to 27 lower-case letters'],
    ['"publish": 70000', 'maximum of 65535'],
    ['"programs": { "web": { "stop_signal": "STOP" } }', '"TERM"'],
    ['"description": 1', 'Incorrect type. Expected one of string, null.'],
  ])('finds what is wrong with %s', async (answers, message) => {
    expect(await diagnosed(answers)).toEqual([expect.stringContaining(message)]);
  });
  test('finds nothing wrong with what takes something away', async () => {
    expect(
      await diagnosed('"demo": false, "programs": { "web": null, "api": { "cmd": "x", "stop_signal": null } }'),
    ).toEqual([]);
  });
});

test.each([
  ['answers'],
  ['report'],
  ['doctor'],
])('makina-image schema %s prints a schema that describes every field', async (kind) => {
  const { stdout } = await makinaImage('.', ['schema', kind]);
  const schema = JSON.parse(String(stdout));
  expect(schema).toMatchObject({
    title: expect.any(String),
    $id: expect.stringMatching(`^urn:.*:${kind}$`),
  });
  const undescribed: string[] = [];
  const look = (node: unknown, at: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (at.endsWith('.properties') && !(value as { description?: string }).description)
        undescribed.push(`${at}.${key}`);
      look(value, `${at}.${key}`);
    }
  };
  look(schema, '');
  expect(undescribed).toEqual([]);
});
test('makina-image schema pillar prints what a launcher judges an override with, as base images have it', async () => {
  const dir = tempDir();
  await makinaImage(dir, ['base', 'base']);
  const { stdout } = await makinaImage(dir, ['schema', 'pillar']);
  expect(`${stdout}\n`).toBe(await readFile(join(dir, 'base/runtime/pillar.schema.json'), 'utf8'));
});

test.each([[[]], [['model']], [['answers', 'report']]])('makina-image schema %j is refused', async (words) => {
  const { exitCode, stderr } = await makinaImage('.', ['schema', ...words]);
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringContaining('makina-image schema answers, pillar, test, report or doctor'),
  ]);
});
