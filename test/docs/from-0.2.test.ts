import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { vendoredText } from '../../generators/lib/project/own-runtime.ts';
import { formerRuntime } from '../../generators/lib/render/moved-runtime.ts';
import { doctor, project } from '../support/doctor.ts';
import { makinaImage, tempDir } from '../support/run.ts';

const page = readFileSync(join(packageRoot, 'docs/from-0.2-to-0.3.md'), 'utf8');

test('docs/from-0.2-to-0.3.md quotes what an upgrade says of an edited runtime', () => {
  const told = vendoredText('/home/me/shop', ['project/.salt/files/nginx/vhost.conf']);
  expect(page).toContain(`\`\`\`\n${told.replaceAll('\n  ', '\n')}\n\`\`\``);
});

test('docs/from-0.2-to-0.3.md says of each folder of the old runtime where its files are now', () => {
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

test('doctor finds a require of each state that docs/from-0.2-to-0.3.md names, and says what the page says', async () => {
  const root = await project('--volumes', '/srv/more');
  const download = { url: 'https://example.com/a', sha256: 'a'.repeat(64), target: '/opt/a' };
  const downloads = {
    archive: { ...download, unpack: 'tar' },
    one: { ...download, target: '/opt/one', unpack: 'gz' },
  };
  const input = JSON.stringify({ downloads });
  const given = await makinaImage(root, ['new', '--answers', '-'], { stdin: 'pipe', input });
  expect(given.exitCode).toBe(0);
  const [, table = ''] = /\| in 0\.2 \| require instead \|\n\|---\|---\|\n([\s\S]*?)\n\n/.exec(page) ?? [];
  const rows = table.split('\n').flatMap((row) => {
    const [, before = '', now = ''] = row.replaceAll('NAME', 'demo').replaceAll('DOWNLOAD', 'archive').split('|');
    const [, instead = 'remove it'] = /`(.*?)`/.exec(now) ?? [];
    return [...before.matchAll(/`(\w+: \S+)`/g)].map(([, gone = '']) => ({ gone, instead }));
  });
  expect(rows.length).toBeGreaterThan(9);
  const more = ['file: /srv/more', 'file: /etc/makina-projects/demo'].map((gone) => ({
    gone,
    instead: 'cmd: demo-folders',
  }));
  const all = [...rows, ...more];
  const step = join(root, 'project/.salt/250_mine.sls');
  const written = (list: string[]) =>
    writeFileSync(step, `mine:\n  test.nop:\n    - require:\n${list.map((item) => `      - ${item}\n`).join('')}`);
  const told = async () => (await doctor(root)).bad.filter(({ where }) => where === step);
  written(all.map(({ gone }) => gone));
  expect((await told()).map(({ what, fix }) => [what, fix])).toEqual(
    all.map(({ gone, instead }) => [
      `the state ${gone} no longer exists, and one of yours requires it`,
      expect.stringContaining(instead),
    ]),
  );
  // As people write it; and what is there, or is a state of their own.
  const name = '{{ cfg.name }}';
  written([
    `pkg: "${name}-cron"   # why\r`,
    `file: '${name}-unpacked-one'`,
    `cmd: ${name}-unpacked-archive`,
    'file: /srv/x',
  ]);
  expect(await told()).toHaveLength(1);
  appendFileSync(step, 'demo-cron:\n  pkg.installed: []\n');
  expect(await told()).toEqual([]);
  writeFileSync(step, `      - file: ${' '.repeat(200_000)}x\n${'- file: {{'.repeat(20_000)}`);
  const start = performance.now();
  expect(await told()).toEqual([]);
  expect(performance.now() - start).toBeLessThan(5000);
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
