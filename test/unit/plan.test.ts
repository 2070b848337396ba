import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../generators/lib/manifest/content.ts';
import { emptyManifest } from '../../generators/lib/manifest/manifest.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { TABLE } from '../../generators/lib/plan/decide.ts';
import { plan } from '../../generators/lib/plan/plan.ts';
import { CONFLICT_MODES, type ConflictMode, type DiskEntry, type PlanInput } from '../../generators/lib/plan/types.ts';
import type { RenderedFile } from '../../generators/lib/render/render.ts';
import { sha256Of } from '../../generators/lib/sha256.ts';

const PATH = 'project/Dockerfile';

interface Case {
  base?: string;
  ours?: string | DiskEntry;
  theirs?: string;
  mode?: ConflictMode;
  /** Exec bits of base, ours and theirs, `xxx` or `-x-`. */
  exec?: string;
  policy?: RenderedFile['policy'];
  more?: Partial<PlanInput>;
  manifest?: Partial<Manifest>;
  sidecar?: string;
  hasBase?: boolean;
}

function run({ base, ours, theirs, mode = 'markers', exec = '---', policy = 'shared', hasBase = true, ...c }: Case) {
  const bit = (index: number) => exec[index] === 'x';
  const side = (text: string, index: number) => ({ bytes: Buffer.from(text), executable: bit(index) });
  const manifest: Manifest = { ...emptyManifest('project', '1.0.0'), ...c.manifest };
  if (base !== undefined) manifest.files[PATH] = { sha256: sha256Of(Buffer.from(base)), executable: bit(0) };
  const disk = new Map<string, DiskEntry | undefined>();
  if (ours !== undefined) disk.set(PATH, typeof ours === 'string' ? { kind: 'file', ...side(ours, 1) } : ours);
  if (c.sidecar !== undefined) disk.set(`${PATH}.makina-image-new`, { kind: 'file', ...side(c.sidecar, 1) });
  const files = new Map<string, RenderedFile>();
  if (theirs !== undefined) files.set(PATH, { ...side(theirs, 2), policy });
  const result = plan({
    disk,
    manifest,
    baseBytes: () => (base !== undefined && hasBase ? Buffer.from(base) : undefined),
    isLost: () => false,
    theirs: { files, dirs: [] },
    mode,
    kind: 'project',
    generator: '2.0.0',
    renames: [],
    ...c.more,
  });
  const [file] = result.files;
  return {
    told: file ? [file.action, file.reason].filter(Boolean).join(' ') : 'nothing',
    after: file?.after?.bytes.toString(),
    executable: file?.after?.executable,
    writes: file !== undefined && file.before !== file.after,
    base: result.manifest.files[PATH]?.sha256,
    result,
  };
}

const TEXT = 'one\ntwo\nthree\nfour\nfive\n';
const MINE = TEXT.replace('one', 'mine');
const THEIRS = TEXT.replace('five', 'theirs');
const BOTH = MINE.replace('five', 'theirs');
const CLASH = TEXT.replace('one', 'theirs');

describe('the table', () => {
  test('is that of docs/regeneration.md', () => {
    const page = readFileSync(join(packageRoot, 'docs/regeneration.md'), 'utf8');
    const [, rows = ''] = /\| base \| on disk .*\n\|.*\n((\|.*\n)+)/.exec(page) ?? [];
    const told = rows
      .trimEnd()
      .split('\n')
      .map((row) =>
        row
          .split('|')
          .slice(1, 4)
          .map((cell) => cell.trim()),
      );
    expect(told).toEqual(TABLE.map((row) => row.slice(0, 3)));
  });

  test.each<[string, Case, string, string | undefined, boolean]>([
    ['nothing new', { base: TEXT, ours: TEXT, theirs: TEXT }, 'nothing', undefined, false],
    ['a change of the templates', { base: TEXT, ours: TEXT, theirs: THEIRS }, 'updated', THEIRS, true],
    ["the user's edit", { base: TEXT, ours: MINE, theirs: TEXT }, 'user-edit', MINE, false],
    ['both did the same', { base: TEXT, ours: MINE, theirs: MINE }, 'converged', MINE, false],
    ['both changed it', { base: TEXT, ours: MINE, theirs: THEIRS }, 'merged', BOTH, true],
    ['deleted by the user', { base: TEXT, theirs: TEXT }, 'deleted-by-user', undefined, false],
    [
      'deleted, and the templates changed it',
      { base: TEXT, theirs: THEIRS },
      'deleted-by-user template-changed',
      undefined,
      false,
    ],
    ['deleted by both', { base: TEXT }, 'nothing', undefined, false],
    ['deleted by the templates', { base: TEXT, ours: TEXT }, 'removed', undefined, true],
    ['edited, and deleted by the templates', { base: TEXT, ours: MINE }, 'conflict template-deleted', MINE, false],
    ['new', { theirs: TEXT }, 'created', TEXT, true],
    ['new, and there', { ours: TEXT, theirs: TEXT }, 'unchanged', TEXT, false],
    ['new, and something else is there', { ours: MINE, theirs: TEXT }, 'conflict both-added', MINE, false],
    [
      'a link in its place',
      { base: TEXT, ours: { kind: 'other', what: 'a link' }, theirs: TEXT },
      'conflict type-changed',
      undefined,
      false,
    ],
    [
      'a link in its place, and deleted by the templates',
      { base: TEXT, ours: { kind: 'other', what: 'a link' } },
      'conflict template-deleted',
      undefined,
      false,
    ],
    ['no base', { base: TEXT, ours: MINE, theirs: THEIRS, hasBase: false }, 'conflict base-missing', MINE, false],
    ['binary', { base: 'a\0', ours: 'b\0', theirs: 'c\0' }, 'conflict binary', 'b\0', false],
  ])('%s', (_, given, told, after, writes) => {
    const found = run(given);
    expect([found.told, found.after, found.writes]).toEqual([told, after, writes]);
  });

  test('a link in its place is adopted where ours wins, and left alone in every other mode', () => {
    const link = { base: TEXT, ours: { kind: 'other' as const, what: 'a link' }, theirs: THEIRS };
    const settled = run({ ...link, mode: 'ours' });
    expect([settled.result.files[0]?.resolved, settled.writes, settled.base]).toEqual(['ours', false, undefined]);
    expect(settled.result.manifest.adopted).toEqual([PATH]);
    expect(run({ ...link, manifest: settled.result.manifest }).result.files).toEqual([]);
    for (const mode of ['abort', 'markers', 'sidecar', 'theirs'] as const) {
      const found = run({ ...link, mode });
      expect([found.told, found.writes, found.result.manifest.adopted]).toEqual(['conflict type-changed', false, []]);
    }
  });

  test('a link in the place of a deleted template is reported once, and stays in every mode', () => {
    const link = { base: TEXT, ours: { kind: 'other' as const, what: 'a link' } };
    for (const mode of CONFLICT_MODES) {
      const found = run({ ...link, mode });
      expect([found.told, found.writes, found.base]).toEqual(['conflict template-deleted', false, undefined]);
      expect(found.result.files[0]?.resolved).toBe(mode === 'ours' ? 'ours' : undefined);
      expect(run({ ours: link.ours, manifest: found.result.manifest }).result.files).toEqual([]);
    }
  });

  test.each([
    ['the first', /^<{7}.*\n/m],
    ['the last', /^>{7}.*\n/m],
    ['all but the first', /^[|=>]{7}.*\n/gm],
    ['all but the last', /^[|=<]{7}.*\n/gm],
    ['all but the base', /^[>=<]{7}.*\n/gm],
  ])('a conflict of which %s of the markers is gone is open', (_, gone) => {
    const clash = { base: TEXT, ours: MINE, theirs: CLASH };
    const { after, result } = run(clash);
    const left = after?.replace(gone, '');
    expect(left).not.toBe(after);
    expect(run({ ...clash, ours: left as string, manifest: result.manifest }).told).toBe('conflict unresolved');
    const settled = after?.replace(/^[|=<>]{7}.*\n/gm, '') as string;
    expect(run({ ...clash, ours: settled, manifest: result.manifest }).told).not.toContain('conflict');
  });

  test('the exec bit is merged on its own', () => {
    expect(run({ base: TEXT, ours: MINE, theirs: THEIRS, exec: '-x-' }).executable).toBe(true);
    expect(run({ base: TEXT, ours: MINE, theirs: THEIRS, exec: '--x' }).executable).toBe(true);
    expect(run({ base: TEXT, ours: MINE, theirs: THEIRS, exec: 'x-x' }).executable).toBe(false);
    expect(run({ base: TEXT, ours: TEXT, theirs: TEXT, exec: 'x-x' }).told).toBe('user-edit');
    expect(run({ base: TEXT, ours: TEXT, theirs: TEXT, exec: '--x' })).toMatchObject({
      told: 'updated',
      executable: true,
    });
    // One side changed the text, the other the bit.
    expect(run({ base: TEXT, ours: TEXT, theirs: THEIRS, exec: '-x-' })).toMatchObject({
      after: THEIRS,
      executable: true,
    });
    expect(run({ base: TEXT, ours: MINE, theirs: TEXT, exec: '--x' })).toMatchObject({ after: MINE, executable: true });
  });
});

describe('conflicts', () => {
  const clash: Case = { base: TEXT, ours: MINE, theirs: CLASH };
  test('markers show all three, and wait for the user', () => {
    const found = run(clash);
    expect(found.after).toBe(
      '<<<<<<< yours\nmine\n||||||| makina-image 1.0.0\none\n=======\ntheirs\n>>>>>>> makina-image 2.0.0\ntwo\nthree\nfour\nfive\n',
    );
    expect(found.result.manifest.conflicts[PATH]).toEqual({ kind: 'markers', theirs: sha256Of(Buffer.from(CLASH)) });
    expect(found.result.files[0]?.hunks).toEqual([
      { line: 1, ours: ['mine\n'], base: ['one\n'], theirs: ['theirs\n'] },
    ]);
    const again = run({ ...clash, base: CLASH, ours: found.after, manifest: found.result.manifest });
    expect([again.told, again.writes, again.result.manifest]).toEqual([
      'conflict unresolved',
      false,
      found.result.manifest,
    ]);
    const settled = run({ ...clash, base: CLASH, ours: BOTH, manifest: found.result.manifest });
    expect([settled.told, settled.result.manifest.conflicts]).toEqual(['user-edit', {}]);
  });
  test('a sidecar leaves the file alone, and waits too', () => {
    const found = run({ ...clash, mode: 'sidecar' });
    expect([found.told, found.writes]).toEqual(['conflict content', false]);
    expect(found.result.sidecars.get(`${PATH}.makina-image-new`)?.after.bytes.toString()).toBe(CLASH);
    const { manifest } = found.result;
    const again = run({ ...clash, manifest, sidecar: CLASH, mode: 'sidecar' });
    expect([again.told, again.result.sidecars.size, again.result.manifest]).toEqual([
      'conflict unresolved',
      0,
      manifest,
    ]);
    const settled = run({ ...clash, manifest, mode: 'sidecar' });
    expect([settled.told, settled.base]).toEqual(['user-edit', sha256Of(Buffer.from(CLASH))]);
  });
  test('ours keeps the file permanently, theirs replaces it and keeps a copy', () => {
    const ours = run({ ...clash, mode: 'ours' });
    expect([ours.after, ours.result.files[0]?.resolved, ours.base]).toEqual([
      MINE,
      'ours',
      sha256Of(Buffer.from(CLASH)),
    ]);
    const theirs = run({ ...clash, mode: 'theirs' });
    expect([theirs.after, theirs.result.backups.map(String)]).toEqual([CLASH, [MINE]]);
    expect(run({ base: TEXT, ours: MINE, mode: 'theirs' })).toMatchObject({ after: undefined, writes: true });
  });
});

describe('classes', () => {
  test('a seed is written once', () => {
    const manifest = { seeds: [PATH] };
    expect(run({ theirs: TEXT, policy: 'starter' })).toMatchObject({ told: 'created', result: { manifest } });
    expect(run({ ours: MINE, theirs: TEXT, policy: 'starter' })).toMatchObject({
      told: 'nothing',
      result: { manifest },
    });
    expect(run({ theirs: TEXT, policy: 'starter', manifest }).told).toBe('nothing');
  });
  test('the stored answers are written as they are', () => {
    expect(run({ ours: MINE, theirs: TEXT, policy: 'answers' })).toMatchObject({ told: 'updated', after: TEXT });
  });
  test('what was adopted is not looked at', () => {
    expect(run({ ours: MINE, theirs: TEXT, manifest: { adopted: [PATH] } }).told).toBe('nothing');
  });
});

describe('the exec bit in a conflict', () => {
  test.each([
    ['--x', true],
    ['xx-', false],
    ['-x-', true],
    ['x-x', false],
  ])('%s of base, yours and theirs', (exec, executable) => {
    expect(run({ base: TEXT, ours: MINE, theirs: CLASH, exec }).executable).toBe(executable);
    const pending = { kind: 'sidecar', theirs: sha256Of(Buffer.from(CLASH)) } as const;
    // Settled by hand: the sidecar is gone.
    const settled = run({ base: TEXT, ours: CLASH, theirs: CLASH, exec, manifest: { conflicts: { [PATH]: pending } } });
    expect(settled.executable ?? exec[1] === 'x').toBe(executable);
  });
});

describe('a sidecar of an earlier version', () => {
  const pending = { kind: 'sidecar', theirs: sha256Of(Buffer.from('earlier')) } as const;
  const newer = (mode: ConflictMode, sidecar: string) => {
    const given = {
      base: TEXT,
      ours: MINE,
      theirs: CLASH,
      mode,
      sidecar,
      manifest: { conflicts: { [PATH]: pending } },
    };
    const { result } = run(given);
    const removed = result.files.filter(({ action }) => action === 'removed').map(({ path }) => path);
    return [removed, [...result.sidecars.keys()], result.backups.map(String), result.manifest.conflicts[PATH]?.kind];
  };
  const SIDECAR = `${PATH}.makina-image-new`;
  test.each<[ConflictMode, string, unknown[]]>([
    ['theirs', 'earlier', [[SIDECAR], [], [MINE], undefined]],
    ['theirs', 'notes', [[SIDECAR], [], ['notes', MINE].reverse(), undefined]],
    ['ours', 'notes', [[SIDECAR], [], ['notes'], undefined]],
    ['markers', 'notes', [[SIDECAR], [], ['notes'], 'markers']],
    ['sidecar', 'notes', [[], [SIDECAR], ['notes'], 'sidecar']],
  ])('goes with its conflict: %s, %s', (mode, sidecar, expected) => expect(newer(mode, sidecar)).toEqual(expected));
});

describe('what the templates moved', () => {
  const OLD = 'project/old.sls';
  const moved = (ours: string | undefined, there?: string) => {
    const manifest = { files: { [OLD]: { sha256: sha256Of(Buffer.from(TEXT)), executable: false } } };
    const disk = new Map<string, DiskEntry | undefined>();
    const file = (text: string): DiskEntry => ({ kind: 'file', bytes: Buffer.from(text), executable: false });
    if (ours !== undefined) disk.set(OLD, file(ours));
    if (there !== undefined) disk.set(PATH, file(there));
    const renames = [{ from: OLD, to: PATH }];
    const { result } = run({
      theirs: THEIRS,
      manifest,
      more: { disk, renames, baseBytes: () => Buffer.from(TEXT) },
    });
    return result.files.map(({ path, action, reason, after }) => [path, action, reason, after?.bytes.toString()]);
  };
  test('takes the edits with it', () => {
    expect(moved(MINE)).toEqual([
      [PATH, 'merged', undefined, BOTH],
      [OLD, 'removed', undefined, undefined],
    ]);
    expect(moved(TEXT)).toEqual([
      [PATH, 'updated', undefined, THEIRS],
      [OLD, 'removed', undefined, undefined],
    ]);
  });
  const open = (kind: 'markers' | 'sidecar', ours: string, theirs: string) => {
    const pending = { kind, theirs: sha256Of(Buffer.from(CLASH)) };
    const file = (text: string): DiskEntry => ({ kind: 'file', bytes: Buffer.from(text), executable: false });
    const disk = new Map([[OLD, file(ours)]]);
    if (kind === 'sidecar') disk.set(`${OLD}.makina-image-new`, file('notes'));
    const manifest = {
      files: { [OLD]: { sha256: sha256Of(Buffer.from(TEXT)), executable: false } },
      conflicts: { [OLD]: pending },
    };
    const more = { disk, renames: [{ from: OLD, to: PATH }], baseBytes: () => Buffer.from(TEXT) };
    const { result } = run({ theirs, manifest, more });
    return { result, pending, told: result.files.map(({ path, action, reason }) => [path, action, reason]) };
  };
  test('takes markers that are open with it, and they stay open', () => {
    const marked = `<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> makina-image 1.0.0\n${TEXT}`;
    for (const theirs of [CLASH, THEIRS]) {
      const { result, told, pending } = open('markers', marked, theirs);
      expect(told).toEqual([
        [PATH, 'conflict', 'unresolved'],
        [OLD, 'removed', undefined],
      ]);
      expect([result.manifest.conflicts, String(result.files[0]?.after?.bytes)]).toEqual([{ [PATH]: pending }, marked]);
    }
  });
  test('takes an open sidecar with it', () => {
    const { result, told, pending } = open('sidecar', MINE, CLASH);
    expect(told).toEqual([
      [`${OLD}.makina-image-new`, 'removed', undefined],
      [PATH, 'conflict', 'unresolved'],
      [OLD, 'removed', undefined],
    ]);
    expect(result.manifest.conflicts).toEqual({ [PATH]: pending });
    expect([...result.sidecars].map(([path, { after }]) => [path, String(after.bytes)])).toEqual([
      [`${PATH}.makina-image-new`, 'notes'],
    ]);
  });
  test('leaves no sidecar of an earlier version behind, and keeps what was written into it', () => {
    const { result, told } = open('sidecar', MINE, THEIRS);
    expect(told).toEqual([
      [`${OLD}.makina-image-new`, 'removed', undefined],
      [PATH, 'merged', undefined],
      [OLD, 'removed', undefined],
    ]);
    expect([result.manifest.conflicts, result.backups.map(String)]).toEqual([{}, ['notes']]);
  });
  test('never over a file that is there', () => {
    expect(moved(MINE, 'other')).toEqual([
      [PATH, 'conflict', 'both-added', 'other'],
      [OLD, 'conflict', 'template-deleted', MINE],
    ]);
  });
});
