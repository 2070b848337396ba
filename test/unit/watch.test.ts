import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { codeFolders, programsUsing, reactionTo, unreadableFile } from '../../generators/lib/verbs/watch.ts';
import { tempDir } from '../support/run.ts';

const imageOf = (answers: object) => (complete({ name: 'shop', demo: false, ...answers }) as { image: Image }).image;

describe('a change of a file', () => {
  const image = imageOf({
    virtualenvs: { app: { requirements: 'app/requirements.txt' } },
    configs: { settings: { source: 'app/settings.ini' }, other: { source: 'etc/other.ini' } },
  });
  test.each([
    ['project/app/server.py', 'restart'],
    ['project/app/deep/page.html', 'restart'],
    ['project/app/settings.ini', 'reconfigure'],
    ['data/configuration/pillar.sls', 'reconfigure'],
    ['project/app/requirements.txt', 'build'],
    ['project/etc/other.ini', 'build'],
    ['project/application/x', 'build'],
    ['project/Dockerfile', 'build'],
    ['project/.salt/250_mine.sls', 'build'],
    ['pillar/init.sls', 'build'],
    ['custom.sls', 'build'],
    ['data/configuration/notes.txt', undefined],
    ['data/data/upload', undefined],
    ['project/app/.server.py.swp', undefined],
    ['project/app/4913', undefined],
    ['project/app/server.py~', undefined],
    ['project/app/__pycache__/server.cpython-313.pyc', undefined],
    ['project/app/node_modules/x/index.js', undefined],
  ])('%s needs %s', (path, reaction) => {
    expect(reactionTo(path, image, ['app'])).toBe(reaction);
  });
});

describe('the programs to restart', () => {
  test.each<[string, object, string[]]>([
    [
      'the one that runs a file of the folder',
      { web: { cmd: 'python3 app/server.py' }, cache: { cmd: 'memcached' } },
      ['web'],
    ],
    [
      'one with a module of it',
      { web: { cmd: 'gunicorn app.wsgi' }, other: { cmd: 'gunicorn application.wsgi' } },
      ['web'],
    ],
    [
      'one that runs in it',
      { web: { cmd: 'node server.js', working_dir: '{project_root}/app' }, cache: { cmd: 'memcached' } },
      ['web'],
    ],
    [
      'one whose environment names it',
      { web: { cmd: 'run', env: { ROOT: '{project_root}/app' } }, cache: { cmd: 'memcached' } },
      ['web'],
    ],
    [
      'all that stay, if none names it',
      { one: { cmd: 'one' }, two: { cmd: 'two' }, once: { cmd: 'x', oneshot: true } },
      ['one', 'two'],
    ],
    ['no oneshot', { migrate: { cmd: 'app/migrate', oneshot: true }, web: { cmd: 'app/web' } }, ['web']],
    ['none, if there is none', {}, []],
  ])('are %s', (_, programs, expected) => {
    expect(programsUsing(imageOf({ programs }), ['app'])).toEqual(expected);
  });
});

test('the folders of the code are neither hidden nor links', () => {
  const root = tempDir();
  for (const folder of ['app', 'lib', '.salt']) mkdirSync(join(root, 'project', folder), { recursive: true });
  symlinkSync('/', join(root, 'project/root'));
  writeFileSync(join(root, 'project/launch.sh'), '');
  expect(codeFolders(root).sort()).toEqual(['app', 'lib']);
});

test.each([
  ['file', 0o640, 'project/app/secret'],
  ['folder', 0o700, 'project/app/deep'],
  ['nothing', 0o644, undefined],
])('a %s with the mode %o hides code from the container', (what, mode, expected) => {
  const root = tempDir();
  mkdirSync(join(root, 'project/app/deep'), { recursive: true });
  for (const folder of ['project/app', 'project/app/deep']) chmodSync(join(root, folder), 0o755);
  writeFileSync(join(root, 'project/app/secret'), '');
  symlinkSync('nowhere', join(root, 'project/app/link'));
  chmodSync(join(root, 'project/app/secret'), what === 'folder' ? 0o644 : mode);
  if (what === 'folder') chmodSync(join(root, 'project/app/deep'), mode);
  expect(unreadableFile(root, ['app'])).toBe(expected);
});
