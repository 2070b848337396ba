import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { toldVendored } from '../../generators/lib/project/own-runtime.ts';
import { formerRuntime } from '../../generators/lib/render/moved-runtime.ts';

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
