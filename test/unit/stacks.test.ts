import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Intent } from '../../generators/lib/model/intent.ts';
import { summary } from '../../generators/lib/output/summary.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { placeOfCode } from '../../generators/lib/stacks/detect.ts';
import { readStack, STACK_NAMES } from '../../generators/lib/stacks/stack.ts';
import { newProject } from '../../generators/lib/verbs/new.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'makina-image-stacks-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const shop = () => join(dir, 'shop');
const stored = () => JSON.parse(readFileSync(join(shop(), '.yo-rc.json'), 'utf8'))['generator-makina-image'].answers;
const write = (path: string, text: string | Buffer = '') => {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
};
/** Writes a project on a stack, or gives it more answers. */
const make = async (stack: string | undefined, answers: Intent = {}, more: object = {}) =>
  newProject({
    cwd: dir,
    flags: { name: 'shop' },
    answers,
    stack: stack === undefined ? undefined : await readStack(stack, dir),
    conflict: 'abort',
    ...more,
  });
/** The files of a folder, by path. */
const files = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe('the stacks of this package', () => {
  const folder = join(packageRoot, 'templates/stacks');
  test('are those that are named', () => expect(readdirSync(folder).sort()).toEqual([...STACK_NAMES].sort()));

  test.each(STACK_NAMES)('%s makes a project, with its own files and no other application', async (name) => {
    const stack = await readStack(name, dir);
    await make(name);
    const own = existsSync(join(folder, name, 'files')) ? files(join(folder, name, 'files')) : [];
    expect([...stack.files.keys()].sort()).toEqual(own);
    for (const path of own) expect(existsSync(join(shop(), path)), path).toBe(true);
    expect(existsSync(join(shop(), 'project/app/server.py'))).toBe(name === 'demo');
    const texts = own.map((path) => readFileSync(join(shop(), path), 'utf8'));
    expect(texts.filter((text) => text.includes('@name@'))).toEqual([]);
    expect(stored()).toEqual({ name: 'shop', ...stack.answers });
  });
});

describe('a stack lies below what the user says', () => {
  test('in the answers', async () => {
    await make('django', {
      publish: 9000,
      programs: { web: { cmd: 'mine' }, migrate: null },
      app: { greeting: 'Mine' },
    });
    const { programs, app, publish } = stored();
    expect([publish, programs.web.cmd, Object.keys(programs), app.greeting]).toEqual([9000, 'mine', ['web'], 'Mine']);
    expect(programs.web.working_dir).toBe('{project_root}/app');
  });
  test('in the files: what is there stays, and counts as written once', async () => {
    write('shop/project/app/config/urls.py', 'mine');
    await make('django');
    expect(readFileSync(join(shop(), 'project/app/config/urls.py'), 'utf8')).toBe('mine');
    rmSync(join(shop(), 'project/app/manage.py'));
    await make(undefined, { publish: 9000 });
    expect(existsSync(join(shop(), 'project/app/manage.py'))).toBe(false);
  });
  test('given later, it changes nothing that is the user’s', async () => {
    await make(undefined, {
      programs: { web: { cmd: 'mine' }, own: { cmd: 'own' } },
      vhosts: { localhost: { listen: 81 } },
    });
    write('shop/project/app/server.py', 'mine');
    await make('django');
    const { programs, vhosts, demo } = stored();
    expect([demo, vhosts.localhost.listen, vhosts.localhost.default_server]).toEqual([false, 81, true]);
    expect([programs.web.cmd, programs.own.cmd, programs.migrate.oneshot]).toEqual(['mine', 'own', true]);
    expect(readFileSync(join(shop(), 'project/app/server.py'), 'utf8')).toBe('mine');
    const before = readFileSync(join(shop(), '.yo-rc.json'), 'utf8');
    await make('django');
    await make(undefined);
    expect(readFileSync(join(shop(), '.yo-rc.json'), 'utf8')).toBe(before);
  });
  test('beside --exact it is all that is left below', async () => {
    await make(undefined, { crons: { purge: { schedule: '@daily', cmd: 'purge' } } });
    const { beside } = await make('empty', { publish: 9000 }, { isExact: true });
    expect([beside, stored()]).toEqual([['crons.purge'], { name: 'shop', demo: false, publish: 9000 }]);
  });
  test('a null over nothing in `app` is refused, and one over the stack removes', async () => {
    await expect(make('django', { app: { none: null } })).rejects.toThrow('app.none is null');
    await make('empty', { app: { greeting: 'x' } });
    expect(stored().app).toEqual({ greeting: 'x' });
  });
});

describe('code that is there already', () => {
  test.each(['project/app', 'project', '.'])('in %s keeps the stack’s own application out', async (place) => {
    write(join('shop', place, 'manage.py'), 'mine');
    const change = await make('django');
    expect(change.code).toBe(place);
    expect(summary(change, { cwd: dir, command: 'makina-image', style: undefined })).toContain(
      `because there is one in ${place}: ${place === 'project/app' ? 'correct the answers' : 'move it to project/app'}`,
    );
    expect(existsSync(join(shop(), 'project/app/notes'))).toBe(false);
    expect(existsSync(join(shop(), 'project/.salt/250_collectstatic.sls'))).toBe(true);
    expect(readFileSync(join(shop(), place, 'manage.py'), 'utf8')).toBe('mine');
  });

  test.each([
    ['django', 'manage.py', ''],
    ['django', 'requirements.txt', 'Django>=5\ngunicorn\n'],
    ['django', 'pyproject.toml', 'dependencies = ["django"]'],
    ['python-asgi', 'requirements.txt', 'FastAPI\nuvicorn[standard]\ngunicorn\n'],
    ['python-asgi', 'asgi.py', ''],
    ['python-wsgi', 'requirements.txt', 'flask==3\n'],
    ['python-wsgi', 'wsgi.py', ''],
    ['php', 'composer.json', '{}'],
    ['php', 'public/index.php', ''],
    ['node', 'package.json', '{}'],
    ['static', 'index.html', ''],
    ['static', 'public/index.html', ''],
    [undefined, 'requirements.txt', 'requests\n'],
    [undefined, 'notes.txt', 'django'],
  ])('%s is found by %s with %j', async (expected, file, text) => {
    write(file, text);
    const stacks = await Promise.all(STACK_NAMES.map((name) => readStack(name, dir)));
    expect(stacks.find((stack) => placeOfCode(dir, stack))?.name).toBe(expected);
  });
  test('is not looked for behind links', async () => {
    mkdirSync(join(dir, 'elsewhere'));
    write('elsewhere/manage.py');
    mkdirSync(join(dir, 'here'));
    symlinkSync('../elsewhere', join(dir, 'here/project'));
    symlinkSync('../elsewhere/manage.py', join(dir, 'here/manage.py'));
    expect(placeOfCode(join(dir, 'here'), await readStack('django', dir))).toBeUndefined();
  });
});

describe('a stack of your own', () => {
  const given = (text: string, path = 'acme/stack.yaml') => {
    write(path, text);
    return readStack(path, dir);
  };

  test('brings answers and files, with the name of the project in them', async () => {
    write('acme/files/project/app/run.sh', '#!/bin/sh\necho @name@ \xff');
    write('acme/files/pillar/init.sls', 'makina-projects.@name@: {}\n');
    write('acme/files/project/app/logo.png', Buffer.from([0x89, 0, 0xff, 0xfe]));
    await given('description: Acme\nanswers: {demo: false, base_image: acme/base, app: {mode: x}}\n');
    await make('acme/stack.yaml');
    expect(stored()).toEqual({ name: 'shop', demo: false, base_image: 'acme/base', app: { mode: 'x' } });
    expect(readFileSync(join(shop(), 'project/app/run.sh'), 'utf8')).toBe('#!/bin/sh\necho shop \xff');
    expect(readFileSync(join(shop(), 'project/app/logo.png'))).toEqual(Buffer.from([0x89, 0, 0xff, 0xfe]));
    expect(readFileSync(join(shop(), 'pillar/init.sls'), 'utf8')).toBe('makina-projects.shop: {}\n');
  });
  test('may be JSON, and have no files', async () => {
    expect((await given('{"description": "Acme"}', 'acme.json')).files.size).toBe(0);
  });

  test.each([
    ['description is required', 'answers: {}'],
    ['answer is not a known field (did you mean answers?)', 'description: A\nanswer: {}'],
    ['answers.name is not for a stack to say', 'description: A\nanswers: {name: shop}'],
    ['answers.programs.web.cmd must be of type string', 'description: A\nanswers: {programs: {web: {cmd: [x]}}}'],
    ['answers.programs.nginx', 'description: A\nanswers: {programs: {nginx: {cmd: x}}}'],
    ['acme/stack.yaml:2:20: answers.app.a', 'description: A\nanswers: {app: {a: 0644}}'],
    ['detect.0.file must be the path of a file', 'description: A\ndetect: [{file: ../../etc/passwd}]'],
    ['detect.0.file must be the path of a file', 'description: A\ndetect: [{file: /etc/passwd}]'],
    ['must hold one mapping with description, detect and answers', '- a'],
    ['cannot be read as YAML', 'a: &a [*a]'],
    ['is larger than 1 MiB', 'a'.repeat((1 << 20) + 1)],
  ])('is refused: %s', async (told, text) => {
    await expect(given(text)).rejects.toThrow(told);
  });
  test.each([
    ['no/such.yaml', 'there is no stack no/such.yaml'],
    ['djagno', 'there is no stack djagno (did you mean django?)'],
    ['../stacks/x/', 'there is no stack'],
  ])('%s is refused', async (name, told) => {
    await expect(readStack(name, dir)).rejects.toThrow(told);
  });

  test.each([
    'project/Dockerfile',
    'project/dockerfile',
    'project/.salt/100_dirs_and_prerequisites.sls',
    'project/.salt/runtime/launcher/x.py',
    '.yo-rc.json',
    '.makina-image/manifest.json',
    'data/configuration/pillar.sls',
    '.git/hooks/post-checkout',
    'sub/.GIT/config',
    'README.md/x',
    'project/.salt/PILLAR.sample/x',
    '.github/workflows/makina-image.yml',
    'odd\nname',
    'back\\slash',
  ])('cannot have a file %j', async (path) => {
    write(join('acme/files', path), 'x');
    const stack = given('description: A').then((stack) => make('acme/stack.yaml', {}, { stack }));
    await expect(stack).rejects.toThrow(/cannot be a file of a stack|which the generator writes/);
    expect(existsSync(shop())).toBe(false);
  });
  test('cannot have links, and not too much', async () => {
    mkdirSync(join(dir, 'acme/files'), { recursive: true });
    symlinkSync('/etc', join(dir, 'acme/files/etc'));
    await expect(given('description: A')).rejects.toThrow('acme/files: etc is not a file');
    rmSync(join(dir, 'acme/files/etc'));
    write('acme/files/large', Buffer.alloc((16 << 20) + 1));
    await expect(given('description: A')).rejects.toThrow('more than 16 MiB');
    rmSync(join(dir, 'acme/files'), { recursive: true });
    symlinkSync('/etc', join(dir, 'acme/files'));
    await expect(given('description: A')).rejects.toThrow('acme/files is not a folder');
  });
});
