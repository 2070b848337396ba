import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { toldVendored } from '../../generators/lib/project/own-runtime.ts';
import { formerRuntime } from '../../generators/lib/render/moved-runtime.ts';
import { tempDir } from '../support/run.ts';

const page = readFileSync(join(packageRoot, 'docs/from-0.2-to-0.3.md'), 'utf8');

test('docs/from-0.2-to-0.3.md quotes what an upgrade says of an edited run-time', () => {
  const told = toldVendored('/home/me/shop', ['project/.salt/files/nginx/vhost.conf']);
  expect(page).toContain(`\`\`\`\n${told.replaceAll('\n  ', '\n')}\n\`\`\``);
});

test('docs/from-0.2-to-0.3.md says of each folder of the old run-time where its files are now', () => {
  for (const path of formerRuntime) {
    const [, folder] = path.split('/.salt/');
    expect(page).toContain(`project/.salt/${folder?.split('/')[0]}/`);
  }
});

test('docs/from-0.2-to-0.3.md names each state that went, and those of today in its place', async () => {
  const today = statesIn(join(packageRoot, 'templates/runtime/states')).map(patternOf);
  const gone = (await Promise.all(['0.1.0', '0.2.0'].map(statesOf)))
    .flat()
    .filter((id) => !today.includes(patternOf(id)));
  const [, table = ''] = /\| in 0\.2 \| require instead \|\n([\s\S]*?)\n\n/.exec(page) ?? [];
  expect(gone.length).toBeGreaterThan(8);
  for (const id of gone)
    expect(table).toContain(id === '{{ folder }}' ? 'a folder by its path' : `: ${id.replace('{{ path }}', 'PATH')}\``);
  for (const [, id = ''] of table.matchAll(/\| `\w+: (NAME-[\w-]+)`[^|]*\|$/gm)) expect(today).toContain(patternOf(id));
});

const patternOf = (id: string) => id.replace(/\{\{.*?\}\}|PATH|DOWNLOAD/g, '*');

/** The ids of the states of a release, with NAME for the project's. */
async function statesOf(release: string): Promise<string[]> {
  const folder = tempDir();
  await execa('tar', ['-xzf', join(packageRoot, `test/fixtures/generator-makina-image-${release}.tgz`), '-C', folder]);
  return statesIn(join(folder, 'package/templates/project/project/.salt'));
}

function statesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sls.ejs'))
    .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/^(?!include:)([^\s#{%-].*|\{\{.*):$/gm)])
    .map(([, id = '']) =>
      id.replace('{{ kind }}', 'program').replace(/^(<%- it\.name %>|\{\{ cfg\.name \}\})/, 'NAME'),
    );
}
