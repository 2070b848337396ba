import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parse } from 'yaml';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { type Rendered, render, renderBase } from '../../generators/lib/render/render.ts';
import { renderTemplate } from '../../generators/lib/render/template.ts';

const fixture = (name: string) => parse(readFileSync(join(packageRoot, 'test/fixtures', name), 'utf8')) as Intent;
const imageOf = (intent: Intent) => complete(intent).image as Image;

/** The templates by their text: what comes out as it is has its text there. */
const templates = new Map(
  readdirSync(join(packageRoot, 'templates'), { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .reverse()
    .map((path) => [readFileSync(path, 'latin1'), relative(packageRoot, path)]),
);

const head = (path: string, { executable, policy }: { executable: boolean; policy: string }) =>
  `===== ${path}${executable ? ' (executable)' : ''} [${policy}]\n`;

/** The whole tree as one text. */
function asText({ files, dirs }: Rendered): string {
  const parts = [...files].sort().map(([path, file]) => `${head(path, file)}${file.bytes}`);
  return [...parts, ...dirs.map((dir) => `===== ${dir}/\n`)].join('\n');
}

/** The same for a snapshot: without the text of a template, and a file that does not depend on the image once, with the demo. */
function asSnapshot({ files, dirs }: Rendered, except?: Rendered): string {
  const shown = [...files].sort().filter(([path, { bytes }]) => !except?.files.get(path)?.bytes.equals(bytes));
  const parts = shown.map(([path, file]) => {
    const template = templates.get(file.bytes.toString('latin1'));
    return `${head(path, file)}${template ? `as it is in ${template}\n` : file.bytes}`;
  });
  return [...parts, ...dirs.map((dir) => `===== ${dir}/\n`)].join('\n');
}

const demo = render(imageOf({ name: 'demo' }));

describe('the generated tree', () => {
  test('of the demo', async () => {
    await expect(asSnapshot(demo)).toMatchFileSnapshot('../__snapshots__/demo.txt');
  });
  test.each(['shop.yaml', 'wide.yaml', 'hostile.json'])('of %s', async (name) => {
    await expect(asSnapshot(render(imageOf(fixture(name))), demo)).toMatchFileSnapshot(`../__snapshots__/${name}.txt`);
  });
  test('of the base image', async () => {
    await expect(asSnapshot(renderBase())).toMatchFileSnapshot('../__snapshots__/base.txt');
  });
  test('is the same at every run, in any locale and time zone', () => {
    for (const [name, value] of Object.entries({ TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8', LC_ALL: 'C' }))
      vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(asText(render(imageOf({ name: 'demo' })))).toBe(asText(demo));
  });
  test('has no POSIX ACL tool in it', () => {
    for (const tree of [demo, renderBase()]) expect(asText(tree)).not.toMatch(/setfacl|getfacl|rsync -\w*A|\bacl\b/);
  });
});

describe('a template', () => {
  test('that names an unknown value fails', () => {
    expect(() => renderTemplate('project/compose.yaml', { name: 'x', app_lines: '', publish: 1 })).toThrow(
      'unknown value "project_dir"',
    );
  });
  test.each(
    readdirSync(join(packageRoot, 'templates'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ejs'),
    ),
  )('names values and nothing else: %s', (name) => {
    const text = readFileSync(join(packageRoot, 'templates', name), 'utf8');
    expect(text.replaceAll(/<%[-=] it\.\w+ -?%>/g, '')).not.toMatch(/<%|%%>/);
  });
});
