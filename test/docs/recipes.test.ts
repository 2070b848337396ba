import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { render } from '../../generators/lib/render/render.ts';

const text = readFileSync(join(packageRoot, 'docs/recipes.md'), 'utf8');
const recipes = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml as string);

test.each([
  ...[
    'A Python application with requirements.txt and gunicorn',
    'A password that is neither in git nor in the image',
    'Uploads that stay, with initial content',
    'Migrations before everything else',
    'A worker',
    'A scheduler',
    'Crons: a command at set times',
    'WebSocket',
    'Static files',
    'PHP, with php-fpm',
    'Python, with uwsgi',
    'Ruby, with Sinatra and Puma',
    'A binary from a download',
  ],
  ...['TLS', 'By password (basic auth)'],
])('there is a recipe for: %s', (title) => {
  const [, section = ''] = text.split(new RegExp(`^##+ ${title.replace(/[()]/g, '.')}$`, 'm'));
  expect(section.split(/^#/m)[0]).toContain('```yaml');
});
test.each(recipes)('a recipe is what the model takes:\n%s', (yaml) => {
  const { image, problems } = complete({ name: 'demo', demo: false, ...parse(yaml) });
  expect(problems ?? []).toEqual([]);
  expect(render(image as Image).files.size).toBeGreaterThan(15);
});
