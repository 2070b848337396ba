import fs from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commit } from '../../generators/lib/apply/transaction.ts';
import { faultyEnv } from '../support/fault-bin.ts';
import { type Faults, withFaults } from '../support/faults.ts';
import { change, project, text } from '../support/projects.ts';
import { fastDir, makinaImage, startMakinaImage, tempDir } from '../support/run.ts';
import { file, makeTree, scenarios, snapshot } from '../support/transactions.ts';

const { transaction } = scenarios.first;
const READY = '.makina-image-ready-';

/** Makes what a dead run was making ready that of a process that is no more: here it lives on. */
function bury(parent: string): void {
  for (const name of fs.readdirSync(parent).filter((each) => each.startsWith(READY)))
    fs.renameSync(join(parent, name), join(parent, name.replace(/ready-\d+/, 'ready-99999999')));
}

describe('a folder that is not there is there whole, or not at all', () => {
  const parent = () => {
    const folder = join(fastDir(), 'parent');
    fs.mkdirSync(folder);
    return folder;
  };
  const whole = (() => {
    let seen: { calls: number; tree: object } | undefined;
    return () => {
      const root = join(parent(), 'new');
      seen ??= { calls: withFaults({}, () => commit(root, transaction)).calls, tree: snapshot(root) };
      return seen;
    };
  })();
  const points = () => Array.from({ length: whole().calls }, (_, at) => at + 1);

  /** What is left after a fault, and after the next run beside. */
  function left(faults: Faults) {
    const folder = parent();
    const root = join(folder, 'new');
    const { thrown } = withFaults(faults, () => commit(root, transaction));
    const isThere = fs.existsSync(root);
    if (isThere) expect(snapshot(root), JSON.stringify(faults)).toEqual(whole().tree);
    bury(folder);
    commit(join(folder, 'other'), transaction);
    expect(fs.readdirSync(folder), JSON.stringify(faults)).toEqual(isThere ? ['new', 'other'] : ['other']);
    return { thrown, isThere };
  }

  test('whatever call is the last that has an effect', () => {
    const order = points().map((deadAt) => left({ deadAt }).isThere);
    expect(order).toEqual(order.toSorted((a, b) => Number(a) - Number(b)));
    expect(new Set(order).size).toBe(2);
  });

  test('whatever call fails, or all from one on', () => {
    const code = 'ENOSPC';
    for (const at of points()) {
      for (const until of [at, Number.POSITIVE_INFINITY]) {
        const { thrown, isThere } = left({ failAt: { at, code, until } });
        expect(isThere, `${at} ${until}`).toBe(thrown === undefined);
        if (thrown) expect((thrown as Error).message).toMatch(/^cannot write to .*; nothing was changed/);
      }
    }
  });

  test('folders above it that were made for it go again, too', () => {
    const folder = parent();
    const { thrown } = withFaults({ failOn: { name: 'renameSync', code: 'ENOSPC' } }, () =>
      commit(join(folder, 'a/b/new'), transaction),
    );
    expect([(thrown as Error).message, fs.readdirSync(folder)]).toEqual([
      expect.stringContaining('nothing was changed'),
      [],
    ]);
  });

  test('its parent is flushed after the rename', () => {
    const done: string[] = [];
    const real = { rename: fs.renameSync, sync: fs.fsyncSync };
    const root = join(parent(), 'new');
    try {
      fs.renameSync = (from, to) => {
        real.rename(from, to);
        done.push(`to ${to}`);
      };
      fs.fsyncSync = (file) => done.push(`flushed ${fs.readlinkSync(`/proc/self/fd/${file}`)}`);
      commit(root, transaction);
    } finally {
      fs.renameSync = real.rename;
      fs.fsyncSync = real.sync;
    }
    expect(done).toEqual([`to ${root}`, `flushed ${fs.realpathSync(join(root, '..'))}`]);
  });

  test.each<[string, (root: string) => void]>([
    ['a folder with something in it', (root) => makeTree(root, { theirs: [0o644, 'x'] })],
    ['a file', (root) => fs.writeFileSync(root, 'x')],
    ['a link', (root) => fs.symlinkSync('.', root)],
  ])('who makes it at the same time keeps it: %s', (_, make) => {
    const folder = parent();
    const root = join(folder, 'new');
    const real = fs.renameSync;
    fs.renameSync = (from, to) => {
      fs.renameSync = real;
      make(root);
      real(from, to);
    };
    expect(() => commit(root, transaction)).toThrow(
      `${root} was created by someone else in the meantime; nothing was changed, run it again`,
    );
    const wanted = parent();
    make(join(wanted, 'new'));
    expect(snapshot(folder)).toEqual(snapshot(wanted));
  });

  test('what a live run, or another user, makes ready stays', () => {
    const folder = parent();
    const claims = ['1', 'x', `${process.pid}---`];
    for (const claim of claims) fs.mkdirSync(join(folder, READY + claim));
    fs.writeFileSync(join(folder, `${READY}99999999---`), '');
    fs.symlinkSync('/', join(folder, `${READY}99999998---`));
    if (process.getuid?.() === 0) {
      fs.mkdirSync(join(folder, `${READY}99999997---`));
      fs.chownSync(join(folder, `${READY}99999997---`), 12345, 12345);
    }
    const before = fs.readdirSync(folder);
    commit(join(folder, 'new'), transaction);
    expect(fs.readdirSync(folder).filter((name) => name !== 'new')).toEqual(before);
  });

  test('no other user can read it before it is complete', () => {
    const root = join(parent(), 'new');
    const real = fs.writeFileSync;
    const modes: number[] = [];
    try {
      fs.writeFileSync = (path, ...rest) => {
        modes.push(
          fs.statSync(join(String(path).split(READY)[0] as string, READY + String(path).split(READY)[1]?.split('/')[0]))
            .mode & 0o777,
        );
        real(path, ...rest);
      };
      commit(root, { writes: [file('a', '1')], dirs: [], expected: new Map() });
    } finally {
      fs.writeFileSync = real;
    }
    expect([modes, fs.statSync(root).mode & 0o777]).toEqual([[0o700], 0o777 & ~process.umask()]);
  });
});

describe('a run that is killed', () => {
  const faulty = (cwd: string, words: string[], faults: Faults, seen = '') =>
    startMakinaImage(cwd, words, { env: faultyEnv(faults, seen) });

  test.each([[['new', 'demo', '--yes']], [['base', 'demo']]])('leaves nothing, or all of it: %j', {
    timeout: 60_000,
  }, async (words) => {
    const first = tempDir();
    await faulty(first, words, {}, join(first, 'seen'));
    const wanted = snapshot(join(first, 'demo'));
    const changes: number[] = JSON.parse(fs.readFileSync(join(first, 'seen'), 'utf8'));
    const points = changes.filter(
      (_, index) => index % Math.ceil(changes.length / 3) === 0 || changes.length - index < 4,
    );
    const trees = await Promise.all(
      points.map(async (at) => {
        const cwd = tempDir();
        const { signal } = await faulty(cwd, words, { signal: { at, when: 'after', name: 'SIGKILL' } });
        expect(signal).toBe('SIGKILL');
        const found = fs.existsSync(join(cwd, 'demo'));
        if (found) expect(snapshot(join(cwd, 'demo'))).toEqual(wanted);
        const again = await makinaImage(cwd, [words[0] as string, 'other', ...words.slice(2)]);
        expect([again.exitCode, fs.readdirSync(cwd)]).toEqual([0, found ? ['demo', 'other'] : ['other']]);
        return found;
      }),
    );
    expect(new Set(trees)).toEqual(new Set([false, true]));
  });
});

describe('a new project of which a power loss took files', () => {
  const told = (root: string, path: string) =>
    `makina-image: ${join(root, path)} is empty, as after a power loss; restore it from your git history, or if the project is new, remove ${root} and write it again`;
  const empty = (root: string, path: string, bytes = '') => fs.writeFileSync(join(root, path), bytes);
  const emptyBase = (root: string, path: string) => {
    const { sha256 } = JSON.parse(text(root, '.makina-image/manifest.json')).files[path];
    empty(root, `.makina-image/base/${sha256}`);
  };

  test.each<[string, string, (root: string) => void]>([
    ['the manifest', '.makina-image/manifest.json', (root) => empty(root, '.makina-image/manifest.json')],
    ['zeros', '.makina-image/manifest.json', (root) => empty(root, '.makina-image/manifest.json', '\0'.repeat(4096))],
    ['the answers', '.yo-rc.json', (root) => empty(root, '.yo-rc.json')],
    [
      'a file and its base',
      'README.md',
      (root) => {
        emptyBase(root, 'README.md');
        empty(root, 'README.md');
      },
    ],
  ])('is reported: %s', async (_, path, cut) => {
    const root = project();
    cut(root);
    for (const words of [['check'], ['new', '.', '--yes']]) {
      const { exitCode, stderr } = await makinaImage(root, words);
      expect([exitCode, stderr], words.join(' ')).toEqual([1, told(root, path)]);
    }
    fs.rmSync(root, { recursive: true });
    const again = await makinaImage(join(root, '..'), ['new', basename(root), '--yes']);
    expect(again.exitCode).toBe(0);
  });

  test('is not confused with a file that its owner emptied, and a base alone is repaired', async () => {
    const root = project();
    empty(root, 'README.md');
    expect((await makinaImage(root, ['check'])).exitCode).toBe(0);
    const other = project();
    emptyBase(other, 'README.md');
    expect((await makinaImage(other, ['upgrade'])).exitCode).toBe(0);
    change(other, '.gitignore', () => '');
    expect((await makinaImage(other, ['check'])).exitCode).toBe(0);
  });
});
