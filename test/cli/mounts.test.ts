import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { beforeAll, describe, expect } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { needs, works } from '../support/needs.ts';
import { change, newer, project, text } from '../support/projects.ts';
import { tempDir } from '../support/run.ts';
import { snapshot } from '../support/transactions.ts';

const test = needs('mounts of its own (root)', works('unshare', '--mount', 'true'));

/** Runs a script whose mounts no other process sees. `$1` is the first of `args`. */
const apart = (script: string, ...args: string[]) =>
  execa('unshare', ['--mount', 'sh', '-euc', script, 'sh', ...args], { reject: false, env: { CI: '' }, all: true });

/** How a folder gets on a mount of its own, each with its content. */
const MOUNTS = {
  'a bind mount of the same disk': 'mount --bind "$2" "$1"',
  memory: 'cp -a "$1" "$1.copy"; mount -t tmpfs none "$1"; cp -a "$1.copy/." "$1"; rm -r "$1.copy"',
  'an overlay':
    'mount -t tmpfs none "$2"; mkdir "$2/upper" "$2/work" "$2/lower"; cp -a "$1/." "$2/lower"; mount -t overlay none -o "lowerdir=$2/lower,upperdir=$2/upper,workdir=$2/work" "$1"',
};
const IN_SYNC =
  'node "$3" upgrade "$4"; node "$3" check "$4"; find "$4" -name ".makina-image-tx*" -o -path "*/.makina-image/tx*"';

describe.each(Object.entries(MOUNTS))('%s', (kind, mount) => {
  const places =
    kind === 'memory' ? ['project', 'project/.salt', '.makina-image', '.makina-image/base', '.'] : ['project'];
  test.each(places)('in the place of %s is upgraded like any folder', async (folder) => {
    const root = project();
    change(root, 'project/launch.sh', (launch) => `${launch}# mine\n`);
    change(root, 'README.md', (readme) => `mine\n${readme}`);
    const at = join(root, folder);
    const aside = join(tempDir(), 'aside');
    const copy = kind.startsWith('a bind') ? 'cp -a "$1" "$2"; ' : 'mkdir "$2"; ';
    const { all } = await apart(
      `${copy}${mount}; ${IN_SYNC}; cat "$4/README.md" "$4/project/launch.sh"`,
      at,
      aside,
      newer,
      root,
    );
    expect(all).toContain(`${root}: in sync\n`);
    expect(all).not.toContain('/.makina-image-tx');
    expect(all).toMatch(/^mine$[\s\S]*News of 9.0.0[\s\S]*# of 9.0.0[\s\S]*^# mine$/m);
  });
});

describe('what cannot be replaced is reported before anything is written', () => {
  const refused = async (script: string, ...args: string[]) => {
    const root = project();
    const before = snapshot(root);
    const { all } = await apart(`${script}; node "$2" upgrade "$1" || echo "code $?"`, root, newer, ...args);
    expect(snapshot(root)).toEqual(before);
    return all?.replaceAll(root, 'ROOT');
  };

  test('a file that is mounted by itself', async () => {
    expect(
      await refused('cp -p "$1/compose.yaml" /dev/shm/$$; mount --bind /dev/shm/$$ "$1/compose.yaml"; rm /dev/shm/$$'),
    ).toBe(
      'makina-image: ROOT/compose.yaml is mounted by itself, so it cannot be replaced; nothing was changed, run it where that file is not mounted\ncode 1',
    );
  });

  test('a folder that is mounted read-only', async () => {
    expect(await refused('mount --bind "$1/project" "$1/project"; mount -o remount,ro,bind "$1/project"')).toMatch(
      /^makina-image: cannot write to ROOT: EROFS: .*; nothing was changed, mount it writable\ncode 1$/,
    );
  });

  test('a mount that is not there when the next run settles', async () => {
    const root = project();
    const base = join(root, '.makina-image');
    mkdirSync(join(base, 'tx'));
    const step = { kind: 'write', path: 'project/x', area: 'project', before: null, after: '0'.repeat(64) };
    writeFileSync(join(base, 'tx/journal.json'), JSON.stringify({ version: 1, steps: [step] }));
    expect((await apart('node "$2" upgrade "$1"', root, newer)).all).toContain(
      'project/.makina-image-tx is not there; mount what was mounted there then',
    );
    mkdirSync(join(root, 'project/.makina-image-tx'));
    writeFileSync(join(root, 'project/.makina-image-tx/0'), 'x');
    await apart('node "$2" upgrade "$1"', root, newer);
    expect(readdirSync(join(root, 'project'))).not.toContain('.makina-image-tx');
    expect(text(root, 'README.md')).toContain('News of 9.0.0');
  });

  test.each([
    ['../outside'],
    ['/etc'],
    ['a/../..'],
    ['.git'],
    ['link'],
  ])('an area that leads elsewhere: %s', async (area) => {
    const root = project();
    const outside = join(tempDir(), 'outside');
    mkdirSync(join(outside, '.makina-image-tx'), { recursive: true });
    writeFileSync(join(outside, '.makina-image-tx/old-0'), 'theirs');
    await execa('ln', ['-s', outside, join(root, 'link')]);
    mkdirSync(join(root, '.makina-image/tx'));
    const step = { kind: 'delete', path: 'project/x', area, before: '0'.repeat(64) };
    writeFileSync(join(root, '.makina-image/tx/journal.json'), JSON.stringify({ version: 1, steps: [step] }));
    const { exitCode } = await apart('node "$2" upgrade "$1"', root, newer);
    expect([exitCode, readFileSync(join(outside, '.makina-image-tx/old-0'), 'utf8')]).toEqual([1, 'theirs']);
    rmSync(join(root, 'link'));
  });
});

describe('a run that is cut short', () => {
  const child = join(packageRoot, 'node_modules/.cache/mounted-child.cjs');
  beforeAll(async () => {
    const entryPoints = [join(packageRoot, 'test/support/mounted-child.ts')];
    await build({ entryPoints, outfile: child, bundle: true, platform: 'node', format: 'cjs' });
  });

  test.each([
    ['.makina-image', 'a'],
    ['shared', 'gone/deep', '.makina-image/base'],
  ])('leaves one tree or the other, with mounts in %s, %s and others', async (...paths) => {
    const root = tempDir();
    const mount =
      'root=$1; child=$2; every=$3; shift 3; for path; do mkdir -p "$root/$path"; mount -t tmpfs none "$root/$path"; done';
    const { all } = await apart(
      `${mount}; exec node "$child" "$root" "$every" "$@"`,
      root,
      child,
      process.env.FAULTS === 'all' ? '1' : '5',
      ...paths,
    );
    expect(all).toBe('2 trees, 2 expected');
  });
});
