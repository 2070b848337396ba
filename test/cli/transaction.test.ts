import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { stateOf } from '../../generators/lib/apply/state.ts';
import { commit, recover } from '../../generators/lib/apply/transaction.ts';
import type { Transaction } from '../../generators/lib/apply/types.ts';
import { EXIT, UserError } from '../../generators/lib/errors.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { type Faults, withFaults } from '../support/faults.ts';
import { fastDir, tempDir } from '../support/run.ts';
import { bury, file, gone, makeTree, planned, scenarios, snapshot, type Tree } from '../support/transactions.ts';

// Between two calls that change something the tree is the same; FAULTS=all relies on nothing and takes minutes.
const everything = process.env.FAULTS === 'all';

/** A folder with a tree in it. */
function project(tree: Tree = {}): string {
  const root = join(fastDir(), 'project');
  fs.mkdirSync(root);
  makeTree(root, tree);
  return root;
}

function errorOf(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return error as UserError;
  }
  throw new Error('nothing was thrown');
}

const CHILD = join(packageRoot, 'node_modules/.cache/transaction-child.cjs');
beforeAll(async () => {
  const entryPoints = [join(packageRoot, 'test/support/transaction-child.ts')];
  await build({ entryPoints, outfile: CHILD, bundle: true, minify: true, platform: 'node', format: 'cjs' });
});
const child = (verb: string, root: string, name: string, faults: Faults = {}) =>
  execa('node', [CHILD, verb, root, name, JSON.stringify(faults)], { reject: false, timeout: 30_000 });

describe('commit', () => {
  test('writes, replaces, deletes, and keeps the modes that people gave', () => {
    const root = project(scenarios.upgrade.before);
    commit(root, scenarios.upgrade.transaction);
    expect(snapshot(root)).toEqual({
      '.makina-image/': [0o755],
      '.makina-image/base/': [0o755],
      '.makina-image/base/2': [0o644, 'base'],
      '.makina-image/manifest.json': [0o644, '{"v": 2}'],
      'a/': [0o755],
      'a/no-run': [0o644, 'x'],
      'a/now-run': [0o750, '#!'],
      'a/secret': [0o600, 'new secret'],
      'data/': [0o755],
      'empty/': [0o755],
      'made/': [0o755],
      'made/here/': [0o755],
      'made/here/too': [0o644, 'new'],
      'shared/': [0o755],
      'shared/theirs': [0o600, 'theirs'],
      'swap/': [0o755],
      'swap/inner': [0o644, 'a folder now'],
      turn: [0o644, 'a file now'],
      updated: [0o664, 'new'],
    });
  });

  test('changes nothing at all where there is nothing to do', () => {
    const root = project(scenarios.upgrade.before);
    commit(root, scenarios.upgrade.transaction);
    const stamps = () => ['.', '.makina-image', 'updated', 'a'].map((path) => fs.statSync(join(root, path)).mtimeMs);
    const before = stamps();
    const { thrown, changes } = withFaults({}, () => commit(root, scenarios.upgrade.transaction));
    expect([thrown, changes, stamps()]).toEqual([undefined, [], before]);
  });

  test('makes the folder itself, and takes it away again if it fails', () => {
    const root = join(tempDir(), 'deep/project');
    const { thrown } = withFaults({ failOn: { name: 'linkSync', code: 'EACCES' } }, () => {
      commit(root, { writes: [file('a', '1')], dirs: [], expected: new Map() });
    });
    expect(thrown).toBeUndefined();
    const failing = join(root, 'other/one');
    withFaults({ failOn: { name: 'fsyncSync', code: 'ENOSPC' } }, () => {
      const error = errorOf(() => commit(failing, planned(failing, [file('a', '1')])));
      expect(error.message).toBe(`cannot write to ${failing}: ENOSPC: injected, fsyncSync; nothing was changed`);
      expect(error.code).toBe(EXIT.internal);
    });
    expect(snapshot(root)).toEqual({ a: [0o644, '1'] });
  });

  test('makes folders alone, too', () => {
    const root = project();
    commit(root, { writes: [], dirs: ['data/log'], expected: new Map() });
    expect(Object.keys(snapshot(root))).toEqual(['data/', 'data/log/']);
  });

  test('ends with a delete if that is what is last', () => {
    const root = project({ 'a/b/c': [0o644, '1'], d: [0o644, '1'] });
    commit(root, planned(root, [file('d', '2'), gone('a/b/c')]));
    expect(Object.keys(snapshot(root))).toEqual(['d']);
  });

  test.each(['EPERM', 'ENOTSUP'])('works where there are no hard links (%s)', (code) => {
    const root = project(scenarios.upgrade.before);
    const other = project(scenarios.upgrade.before);
    commit(other, scenarios.upgrade.transaction);
    const { thrown } = withFaults({ failOn: { name: 'linkSync', code } }, () =>
      commit(root, scenarios.upgrade.transaction),
    );
    expect([thrown, snapshot(root)]).toEqual([undefined, snapshot(other)]);
  });

  test('stops, and names the file, if someone edited one since', () => {
    const root = project({ a: [0o644, '1'], b: [0o644, '1'] });
    const transaction = planned(root, [file('a', '2'), gone('b')]);
    fs.chmodSync(join(root, 'b'), 0o755);
    const before = snapshot(root);
    const error = errorOf(() => commit(root, transaction));
    expect(error.code).toBe(EXIT.internal);
    expect(error.message).toBe(
      `${join(root, 'b')} was changed by someone else in the meantime; nothing was changed, run it again`,
    );
    expect(snapshot(root)).toEqual(before);
  });

  test('sees an edit that comes while the new files are staged', () => {
    const root = project({ a: [0o644, '1'], b: [0o644, '1'] });
    const transaction: Transaction = { writes: [file('a', '2'), file('b', '2')], dirs: [], expected: new Map() };
    const real = fs.renameSync;
    // The journal is the first to be renamed.
    fs.renameSync = (from, to) => {
      fs.renameSync = real;
      fs.writeFileSync(join(root, 'b'), 'edited');
      real(from, to);
    };
    expect(errorOf(() => commit(root, transaction)).message).toMatch(/project\/b was changed by someone else/);
    expect(snapshot(root)).toEqual({ a: [0o644, '1'], b: [0o644, 'edited'] });
  });

  test.each<[string, string, (root: string) => void]>([
    ['a link in the place of a file', 'a/b is a link', (root) => fs.symlinkSync('../../out', join(root, 'a/b'))],
    [
      'a link in the place of a folder',
      'a is a link',
      (root) => {
        fs.rmdirSync(join(root, 'a'));
        fs.symlinkSync('../outside', join(root, 'a'));
      },
    ],
    ['a folder in the place of a file', 'a/b is not a file', (root) => makeTree(root, { 'a/b/c': [0o644, ''] })],
    [
      'a file in the place of a folder',
      'a is not a folder',
      (root) => {
        fs.rmdirSync(join(root, 'a'));
        fs.writeFileSync(join(root, 'a'), '');
      },
    ],
    [
      'a link in the place of its own folder',
      '.makina-image is not a folder',
      (root) => fs.symlinkSync('../outside', join(root, '.makina-image')),
    ],
  ])('refuses %s', (_, message, prepare) => {
    const root = project({ 'a/': [0o755], '../outside/': [0o755] });
    prepare(root);
    const before = snapshot(join(root, '..'));
    const error = errorOf(() => commit(root, { writes: [file('a/b', 'x')], dirs: [], expected: new Map() }));
    expect([error.code, error.message]).toEqual([EXIT.conflict, expect.stringContaining(message)]);
    expect(error.message).toContain('move it away');
    expect(snapshot(join(root, '..'))).toEqual(before);
  });

  test('takes a folder behind a link for one that exists', () => {
    const root = project({ '../outside/': [0o755] });
    fs.symlinkSync('../outside', join(root, 'data'));
    commit(root, { writes: [file('a', 'x')], dirs: ['data'], expected: new Map() });
    expect(Object.keys(snapshot(root))).toEqual(['a', 'data']);
  });

  test.each([
    '',
    '.',
    '..',
    '../x',
    '/etc/x',
    'a/../../x',
    'a//b',
    '.git/hooks/x',
    'a/.GIT/x',
    '.makina-image/tx/1',
    '.makina-image',
    'a\0',
  ])('does not write to %j', (path) => {
    const root = project();
    const before = snapshot(join(root, '..'));
    for (const write of [file(path, 'x'), gone(path)])
      errorOf(() => commit(root, { writes: [write], dirs: [], expected: new Map() }));
    errorOf(() => commit(root, { writes: [], dirs: [path], expected: new Map() }));
    expect(snapshot(join(root, '..'))).toEqual(before);
  });

  test('leads from any tree to any other, or nowhere', () => {
    const names = ['a', 'b', 'a/a', 'a/b', 'b/a', 'a/a/a', 'a/a/b', 'b/a/a'];
    const content = fc.record({ text: fc.constantFrom('1', '2'), executable: fc.boolean() });
    const files = fc
      .dictionary(fc.constantFrom(...names), content)
      .map((all) =>
        Object.entries(all).filter(([path]) => !Object.keys(all).some((other) => path.startsWith(`${other}/`))),
      );
    const rootDir = fastDir();
    let count = 0;
    fc.assert(
      fc.property(
        files,
        files,
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom('ENOSPC', 'EACCES'),
        (from, to, at, code) => {
          const treeOf = (list: typeof from): Tree =>
            Object.fromEntries(list.map(([path, { text, executable }]) => [path, [executable ? 0o755 : 0o644, text]]));
          const make = (tree: Tree) => {
            const root = join(rootDir, String(count++));
            fs.mkdirSync(root);
            makeTree(root, tree);
            return root;
          };
          const wanted = snapshot(make(treeOf(to)));
          const writes = [
            ...from.filter(([path]) => !to.some(([other]) => other === path)).map(([path]) => gone(path)),
            ...to.map(([path, { text, executable }]) => file(path, text, executable)),
          ];
          const root = make(treeOf(from));
          const before = snapshot(root);
          const transaction = planned(root, writes);
          const { thrown } = withFaults({ failAt: { at, code } }, () => commit(root, transaction));
          bury(root);
          recover(root);
          expect(snapshot(root)).toEqual(thrown ? before : wanted);
          commit(root, planned(root, writes));
          expect(snapshot(root)).toEqual(wanted);
          expect(withFaults({}, () => commit(root, planned(root, writes))).changes).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe.each(Object.entries(scenarios))('what is cut short at every call: %s', (name, { before, transaction }) => {
  /** Makes the tree again and again, below one folder. */
  function copies() {
    const parent = fastDir();
    let count = 0;
    return () => {
      const root = join(parent, String(count++));
      fs.mkdirSync(root);
      makeTree(root, before);
      return root;
    };
  }
  const text = (root: string, options?: { own: boolean }) => JSON.stringify(snapshot(root, options));
  const scenario = () => {
    const copy = copies();
    const root = copy();
    const old = { all: text(root), others: text(root, { own: false }) };
    const { calls, changes } = withFaults({}, () => commit(root, transaction));
    return { copy, calls, changes, old, now: { all: text(root), others: text(root, { own: false }) } };
  };
  const range = (end: number) => Array.from({ length: end }, (_, index) => index + 1);
  // Every fourth, and others for each fault that came first.
  const thinned = (calls: number[], first: number) => calls.filter((call) => everything || (call + first) % 4 === 0);
  /** What the next run makes of it. */
  const recovered = (root: string) => {
    bury(root);
    const result = recover(root);
    expect(recover(root)).toBe('nothing');
    return [text(root), result] as const;
  };

  test('a run that is killed', { timeout: 600_000 }, async () => {
    const { copy, calls, changes, old, now } = scenario();
    const seen = new Set<string>();
    // What is there after a change is there before the next one, too.
    const before = (everything ? range(calls) : changes.slice(0, 1)).map((at) => ({ at, when: 'before' as const }));
    const after = (everything ? range(calls) : changes).map((at) => ({ at, when: 'after' as const }));
    const kills = [...before, ...after];
    const work = async () => {
      for (let kill = kills.pop(); kill; kill = kills.pop()) {
        const root = copy();
        const { signal } = await child('commit', root, name, { signal: { ...kill, name: 'SIGKILL' } });
        expect(signal).toBe('SIGKILL');
        recover(root);
        expect([old.all, now.all], JSON.stringify(kill)).toContain(text(root));
        seen.add(text(root));
      }
    };
    await Promise.all(range(availableParallelism()).map(work));
    expect(seen.size).toBe(2);
  });

  test('a run after which nothing has an effect', () => {
    const { copy, calls, old, now } = scenario();
    const order = range(calls).map((deadAt) => {
      const root = copy();
      withFaults({ deadAt }, () => commit(root, transaction));
      const [tree, result] = recovered(root);
      expect([old.all, now.all], String(deadAt)).toContain(tree);
      expect(result === 'rolled back' && tree === now.all).toBe(false);
      return tree === now.all;
    });
    // Once there, never back.
    expect(order).toEqual([...order].sort((a, b) => Number(a) - Number(b)));
    expect(new Set(order).size).toBe(2);
  });

  test.each(['ENOSPC', 'EACCES', 'EROFS', 'EXDEV', 'EIO'])('a call that fails once with %s', (code) => {
    const { copy, calls, changes, old, now } = scenario();
    let failures = 0;
    const points = everything || code === 'ENOSPC' ? range(calls) : changes;
    for (const at of points) {
      const root = copy();
      const { thrown } = withFaults({ failAt: { at, code } }, () => commit(root, transaction));
      if (thrown) {
        failures++;
        expect(thrown).toBeInstanceOf(UserError);
        expect([(thrown as UserError).code, (thrown as UserError).message]).toEqual([
          EXIT.internal,
          expect.stringMatching(/^cannot write to .*: .*; nothing was changed(, .*)?$/),
        ]);
      }
      expect(text(root, { own: false }), String(at)).toBe(thrown ? old.others : now.others);
      expect(recovered(root)[0], String(at)).toBe(thrown ? old.all : now.all);
    }
    expect(failures).toBeGreaterThan(points.length / 2);
  });

  test.each(['ENOSPC', 'EACCES'])('every call failing from one on, with %s', (code) => {
    const { copy, calls, changes, old, now } = scenario();
    for (const at of everything || code === 'EACCES' ? range(calls) : changes) {
      const root = copy();
      const failAt = { at, code, until: Infinity };
      const { thrown } = withFaults({ failAt }, () => commit(root, transaction));
      const left = text(root, { own: false });
      const [tree] = recovered(root);
      expect([old.all, now.all], String(at)).toContain(tree);
      if (!thrown) expect(tree).toBe(now.all);
      // The message is true.
      if (/nothing was changed/.test((thrown as Error)?.message)) expect([left, tree]).toEqual([old.others, old.all]);
    }
  });

  test('a run that fails and is killed while it takes everything back', () => {
    const { copy, calls, changes, old, now } = scenario();
    for (const at of everything || name === 'first' ? range(calls) : changes) {
      const failAt = { at, code: 'ENOSPC' };
      const later = withFaults({ failAt }, () => commit(copy(), transaction)).changes.filter((call) => call > at);
      for (const deadAt of thinned(later, at)) {
        const root = copy();
        withFaults({ failAt, deadAt }, () => commit(root, transaction));
        expect([old.all, now.all], `${at} ${deadAt}`).toContain(recovered(root)[0]);
      }
    }
  });

  test('a recovery that is killed or fails', { timeout: 600_000 }, () => {
    const { copy, calls, changes, old, now } = scenario();
    for (const deadAt of [...changes, calls + 1]) {
      const crashed = () => {
        const root = copy();
        withFaults({ deadAt }, () => commit(root, transaction));
        bury(root);
        return root;
      };
      const root = crashed();
      const second = withFaults({}, () => recover(root)).changes;
      const tree = text(root);
      expect([old.all, now.all], String(deadAt)).toContain(tree);
      for (const at of thinned(second, deadAt)) {
        for (const faults of [{ deadAt: at }, { failAt: { at, code: 'EIO' } }]) {
          const root = crashed();
          withFaults(faults, () => recover(root));
          expect(recovered(root)[0], `${deadAt} ${JSON.stringify(faults)}`).toBe(tree);
        }
      }
    }
  });
});

describe('recover', () => {
  /** A project whose run died at one of its last calls before, or after the manifest was replaced. */
  function crashed(isCommitted: boolean) {
    const { before, transaction } = scenarios.upgrade;
    const whole = project(before);
    const { changes } = withFaults({}, () => commit(whole, transaction));
    for (const deadAt of changes.reverse()) {
      const root = project(before);
      withFaults({ deadAt }, () => commit(root, transaction));
      bury(root);
      const isNew = fs.readFileSync(join(root, '.makina-image/manifest.json'), 'utf8') === '{"v": 2}';
      if (isNew === isCommitted && fs.existsSync(join(root, '.makina-image/tx/journal.json'))) return root;
    }
    throw new Error('it never was there');
  }

  test('says what it did, and a commit does it as well', () => {
    expect(recover(project({ a: [0o644, ''] }))).toBe('nothing');
    expect(recover(crashed(true))).toBe('rolled forward');
    expect(recover(crashed(false))).toBe('rolled back');
    const root = crashed(false);
    commit(root, planned(root, [file('other', 'x')]));
    expect(snapshot(root)).toEqual({ ...snapshotOf(scenarios.upgrade.before), other: [0o644, 'x'] });
  });
  const snapshotOf = (tree: Tree) => snapshot(project(tree));

  test('leaves alone what was edited after a run that had come to its end', () => {
    const root = crashed(true);
    fs.writeFileSync(join(root, 'updated'), 'edited');
    fs.writeFileSync(join(root, '.makina-image/manifest.json'), 'edited');
    fs.writeFileSync(join(root, 'shared/old'), 'there again');
    expect(recover(root)).toBe('rolled forward');
    expect(snapshot(root)).toMatchObject({
      updated: [0o664, 'edited'],
      'shared/old': [0o644, 'there again'],
      '.makina-image/manifest.json': [0o644, 'edited'],
    });
  });

  test('leaves alone what was edited since, names it, and keeps what was there', () => {
    const root = crashed(false);
    fs.writeFileSync(join(root, 'updated'), 'edited');
    for (let again = 0; again < 2; again++) {
      const error = errorOf(() => recover(root));
      expect(error.code).toBe(EXIT.internal);
      expect(error.message).toMatch(
        /cannot be finished or taken back \(.*project\/updated: someone changed it since.*old-\d+/,
      );
      expect(error.message).not.toContain('secret');
    }
    expect(snapshot(root, { own: false })).toMatchObject({
      updated: [0o664, 'edited'],
      'a/secret': [0o600, 'old secret'],
    });
    fs.writeFileSync(join(root, 'updated'), 'old');
    expect(recover(root)).toBe('rolled back');
    expect(snapshot(root)).toEqual(snapshotOf(scenarios.upgrade.before));
  });

  test('does not mind an edit of what the run had not come to', () => {
    const root = project(scenarios.upgrade.before);
    const { changes } = withFaults({}, () => commit(project(scenarios.upgrade.before), scenarios.upgrade.transaction));
    for (const deadAt of changes) {
      withFaults({ deadAt }, () => commit(root, scenarios.upgrade.transaction));
      bury(root);
      if (fs.existsSync(join(root, '.makina-image/tx/journal.json'))) break;
    }
    fs.writeFileSync(join(root, 'updated'), 'edited');
    expect(recover(root)).toBe('rolled back');
    expect(snapshot(root)).toMatchObject({ updated: [0o664, 'edited'], 'shared/old': [0o600, 'generated'] });
  });
});

describe('a journal that no run has written', () => {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const tree: Tree = {
    listed: [0o644, 'listed'],
    'dir/listed': [0o600, 'listed'],
    unlisted: [0o644, 'unlisted'],
    '.git/config': [0o644, 'listed'],
    '../outside/file': [0o644, 'listed'],
    '../file': [0o644, 'listed'],
    '.makina-image/tx/0': [0o644, 'hostile'],
    '.makina-image/tx/1': [0o644, 'hostile'],
    '.makina-image/tx/old-0': [0o644, 'hostile'],
    '.makina-image/tx/old-1': [0o644, 'hostile'],
  };
  const hostile = (journal: unknown, name = 'journal.json') => {
    const root = project(tree);
    fs.symlinkSync('../outside', join(root, 'link'));
    fs.symlinkSync('../outside/file', join(root, 'filelink'));
    const bytes = typeof journal === 'string' ? journal : JSON.stringify(journal);
    fs.writeFileSync(join(root, '.makina-image/tx', name), bytes);
    return root;
  };
  const outside = (root: string) =>
    Object.entries(snapshot(join(root, '..'))).filter(
      ([path]) => !path.startsWith('project/') || path.includes('.git'),
    );
  const step = { kind: 'write', path: 'listed', before: hash('hostile'), after: hash('listed') };

  test.each<[string, unknown]>([
    ['nothing', ''],
    ['garbage', '\0\ufffd{'],
    ['half of one', JSON.stringify({ version: 1, steps: [step] }).slice(0, -9)],
    ['null', 'null'],
    ['no steps', { version: 1, steps: [] }],
    ['another version', { version: 2, steps: [step] }],
    ['more than it has', { version: 1, steps: [step], root: '/' }],
    ['one path twice', { version: 1, steps: [step, step] }],
    ['another kind', { version: 1, steps: [{ ...step, kind: 'run' }] }],
    ['another hash', { version: 1, steps: [{ ...step, after: 'folder' }] }],
    ['a huge one', ' '.repeat((16 << 20) + 1)],
    ['a deep one', '['.repeat(1e6)],
    ...['../file', '/etc/passwd', '.git/config', 'dir/../../file', './listed', '.makina-image/tx/0', 'a\0', ''].map(
      (path): [string, unknown] => [JSON.stringify(path), { version: 1, steps: [{ ...step, path }] }],
    ),
    ['a path below a link', { version: 1, steps: [step, { ...step, path: 'link/file' }] }],
    ['a link', { version: 1, steps: [step, { ...step, path: 'filelink' }] }],
    ['a folder behind a link', { version: 1, steps: [{ kind: 'mkdir', path: 'link/new' }, step] }],
  ])('is refused as a whole: %s', (_, journal) => {
    const root = hostile(journal);
    const before = snapshot(join(root, '..'));
    for (const run of [recover, (dir: string) => commit(dir, planned(dir, [file('x', 'x')]))]) {
      const error = errorOf(() => run(root));
      expect([error.code, error.message]).toEqual([
        EXIT.internal,
        expect.stringMatching(/and remove it|remove that folder/),
      ]);
      expect(snapshot(join(root, '..'))).toEqual(before);
    }
  });

  test('is not followed where the bytes are others', () => {
    // Neither what is there, nor what would be put back.
    for (const states of [{ after: hash('x') }, { before: null, after: hash('x') }, { before: hash('x') }]) {
      const steps = [
        { ...step, ...states },
        { kind: 'mkdir', path: 'new' },
      ];
      const root = hostile({ version: 1, steps }, 'rollback.json');
      fs.rmSync(join(root, '.makina-image/tx/0'));
      expect(errorOf(() => recover(root)).message).toContain('project/listed');
      expect(snapshot(root)).toMatchObject({ listed: [0o644, 'listed'] });
    }
  });

  test('never reaches what it must not, whatever it says', () => {
    const path = fc.constantFrom(
      'listed',
      'dir/listed',
      'dir',
      'new',
      'new/x',
      'listed/x',
      'link/file',
      '../file',
      '.git/config',
    );
    const state = fc.constantFrom(hash('listed'), hash('hostile'), hash('x'));
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('write'), path, before: fc.option(state), after: state }),
        fc.record({ kind: fc.constant('delete'), path, before: state }),
        fc.record({ kind: fc.constant('mkdir'), path }),
        fc.record({ kind: fc.constant('rmdir'), path, mode: fc.constantFrom(0o755, 0o777) }),
      ),
      { maxLength: 4 },
    );
    const missing = fc.subarray(['0', '1', 'old-0', 'old-1']);
    fc.assert(
      fc.property(steps, missing, fc.constantFrom('journal.json', 'rollback.json'), (steps, missing, name) => {
        const root = hostile({ version: 1, steps }, name);
        for (const file of missing) fs.rmSync(join(root, '.makina-image/tx', file));
        const before = outside(root);
        const unlisted = ['listed', 'dir/listed', 'unlisted'].filter(
          (path) =>
            !steps.some(
              (step) =>
                step.path === path &&
                'before' in step &&
                [step.before, 'after' in step && step.after].includes(hash('listed')),
            ),
        );
        try {
          recover(root);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
        expect(outside(root)).toEqual(before);
        for (const path of unlisted)
          expect(stateOf(root, path), path).toBe(hash(path === 'unlisted' ? path : 'listed'));
      }),
      { numRuns: 300 },
    );
  });

  test('is not looked for behind a link', () => {
    const root = hostile({ version: 1, steps: [step] });
    fs.renameSync(join(root, '.makina-image/tx'), join(root, '../tx'));
    fs.symlinkSync('../../tx', join(root, '.makina-image/tx'));
    const before = snapshot(join(root, '..'));
    expect(errorOf(() => recover(root)).message).toMatch(/tx is not a folder; move it away/);
    expect(snapshot(join(root, '..'))).toEqual(before);
  });
});

describe('two runs at once', () => {
  const { before, transaction } = scenarios.upgrade;
  const claims = (root: string) => fs.readdirSync(join(root, '.makina-image/lock'));

  test('the second names the process and the file of the first, and changes nothing', async () => {
    const root = project(before);
    const { calls } = withFaults({}, () => commit(project(before), transaction));
    const first = child('commit', root, 'upgrade', {
      signal: { at: Math.floor(calls / 2), name: 'SIGSTOP', when: 'before' },
    });
    const isStopped = () => /\) T /.test(fs.readFileSync(`/proc/${first.pid}/stat`, 'utf8'));
    await expect.poll(isStopped, { timeout: 10_000 }).toBe(true);
    const there = snapshot(root);
    for (const run of [recover, (dir: string) => commit(dir, transaction)]) {
      const error = errorOf(() => run(root));
      expect([error.code, error.message]).toEqual([EXIT.internal, expect.stringContaining(`process ${first.pid},`)]);
      expect(error.message).toContain(join(root, '.makina-image/lock', claims(root)[0] as string));
    }
    expect(snapshot(root)).toEqual(there);
    first.kill('SIGCONT');
    expect((await first).exitCode).toBe(0);
    commit(root, transaction);
    expect(snapshot(root)).toMatchObject({ updated: [0o664, 'new'] });
    expect(fs.existsSync(join(root, '.makina-image/lock'))).toBe(false);
  });

  test('each is done whole, or refused with a sentence', async () => {
    const root = project();
    const runs = await Promise.all(['one', 'two', 'three'].map((name) => child('race', root, name)));
    const lines = runs.flatMap(({ stdout }) => stdout.split('\n'));
    expect(lines).toHaveLength(120);
    for (const line of lines)
      expect(line).toMatch(/^done$|^another run, process \d+, is writing|was changed by someone else in the meantime/);
    expect(lines).toContain('done');
    const texts = Object.entries(snapshot(root)).flatMap(([path, [, text]]) => (path.endsWith('/') ? [] : [text]));
    expect(texts).toHaveLength(4);
    expect(new Set(texts).size).toBe(1);
  });

  test.each<[string, (claim: string) => string, boolean]>([
    ['of a process that is gone', (claim) => claim.replace(/^\d+/, '99999999'), false],
    ['of a process whose number another one has', (claim) => claim.replace(/^\d+-\d+/, `${process.ppid}-1`), false],
    ['from before the machine was started', (claim) => claim.replace(/^\d+(.*-).*$/, `${process.ppid}$1abc`), false],
    ['of another container', (claim) => claim.replace(/^\d+-\d+-\d+/, '99999999-1-1'), true],
    ['of nobody knows whom', () => 'mine', true],
  ])('a claim %s', (_, rename, isLive) => {
    const root = project();
    let claim = '';
    const real = fs.renameSync;
    fs.renameSync = (from, to) => {
      fs.renameSync = real;
      claim = claims(root)[0] as string;
      real(from, to);
    };
    commit(root, planned(root, [file('a', '1')]));
    makeTree(root, { [`.makina-image/lock/${rename(claim)}`]: [0o644, ''] });
    if (isLive)
      expect(errorOf(() => recover(root)).message).toContain(
        `remove ${join(root, '.makina-image/lock', rename(claim))}`,
      );
    else {
      commit(root, planned(root, [file('a', '2')]));
      expect(snapshot(root)).toEqual({ a: [0o644, '2'] });
    }
  });
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s waits until everything is written', async (name) => {
  const { before, transaction } = scenarios.upgrade;
  const [root, other] = [project(before), project(before)];
  const { calls } = withFaults({}, () => commit(other, transaction));
  const { signal } = await child('commit', root, 'upgrade', {
    signal: { at: Math.floor(calls / 2), name, when: 'after' },
  });
  expect([signal, snapshot(root)]).toEqual([name, snapshot(other)]);
});
