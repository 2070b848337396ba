import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';
import { hasOwnRuntime } from '../../generators/lib/model/runtime.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { render } from '../../generators/lib/render/render.ts';

const page = readFileSync(join(packageRoot, 'docs/runtime.md'), 'utf8');

test('docs/runtime.md says which base_image brings a runtime', () => {
  const name = /^(makina-image-base|[\w.]+\/[\w./-]+)?(:[\w.-]+)?$/;
  const rows = [...page.matchAll(/^\| ([^|]*`[^|]*) \| `(base|vendored)` \|$/gm)].flatMap(([, cell = '', answer]) =>
    [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, text = '']) =>
      name.test(text) ? [[text.replace(/^:/, 'makina-image-base:'), answer]] : [],
    ),
  );
  expect(rows.length).toBeGreaterThan(6);
  for (const [base_image = '', answer] of rows)
    expect([base_image, hasOwnRuntime({ base_image, runtime: undefined })]).toEqual([
      base_image,
      answer === 'vendored',
    ]);
});

test('docs/runtime.md and mc_launcher.py name the same place for a step of each start', () => {
  const { files } = render(complete({ name: 'demo' }).image as Image);
  const launcher = files.get('project/.salt/_modules/mc_launcher.py')?.bytes.toString();
  expect(page).toContain('between the `else` block and `become_circus`');
  expect(launcher).toMatch(
    / {8}else:\n.*\n {8}# A step of yours for each start goes here\..*\n {8}image\.become_circus\(\)/,
  );
});

test('docs/build-and-start.md runs a cron with the command of the ini', () => {
  const ini = readFileSync(join(packageRoot, 'templates/runtime/files/circus/circusd.ini.ejs'), 'utf8');
  const [, start = ''] = /^\[cron:.*\]\ncmd = (.*)\{\{ exec_program \}\}/m.exec(ini) ?? [];
  const told = readFileSync(join(packageRoot, 'docs/build-and-start.md'), 'utf8');
  const files =
    '/srv/projects/NAME/project/.salt/runtime/bin/exec_program.py /etc/makina-projects/NAME/circus/crons/purge.json';
  expect(start).toContain('/python -I');
  expect(told).toContain(`docker exec CONTAINER ${start}${files}\n`);
});
