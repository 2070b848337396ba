import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { readManifest } from '../../generators/lib/manifest/manifest.ts';
import { diffText } from '../../generators/lib/output/diff.ts';
import { type Report, reportOf } from '../../generators/lib/output/report.ts';
import { CONFLICT_MODES, type ConflictMode } from '../../generators/lib/plan/types.ts';
import type { Rendered, RenderedFile } from '../../generators/lib/render/render.ts';
import { type Change, changedFiles, isOpen } from '../../generators/lib/verbs/change.ts';
import type { Engine } from './engine.ts';
import { edit, type Scenario } from './scenario.ts';
import { contents, stamps, workFiles, workTree } from './snapshot.ts';

/** @throws when an engine does not do as it should in an empty folder `root` */
export type Property = (engine: Engine, scenario: Scenario, root: string) => void;

function open(engine: Engine, root: string, theirs: Rendered, mode: ConflictMode): Change {
  const project = { root, kind: 'project', theirs, manifest: readManifest(root), pastBases: new Map() } as const;
  return engine.examine(project, mode);
}

/** What the verb upgrade does. */
function upgrade(engine: Engine, root: string, theirs: Rendered, mode: ConflictMode): Report {
  const change = open(engine, root, theirs, mode);
  if (isOpen(change) && mode === 'abort') return reportOf(change);
  engine.apply(change);
  return reportOf({ ...change, isWritten: true });
}

function begin(engine: Engine, { versions, edits }: Scenario, root: string): void {
  expect(upgrade(engine, root, versions[0], 'abort').result).toBe('changed');
  edit(root, edits);
}

/** What is to be in the work tree of a user who edits nothing. */
function expected(versions: readonly Rendered[]): Record<string, string> {
  const files = new Map<string, RenderedFile>();
  for (const { files: rendered } of versions) {
    for (const [path, { policy }] of files) if (policy === 'shared' && !rendered.has(path)) files.delete(path);
    for (const [path, file] of rendered) if (file.policy === 'shared' || !files.has(path)) files.set(path, file);
  }
  return Object.fromEntries([...files].map(([path, file]) => [path, textOf(file)]));
}

const textOf = ({ bytes, executable }: { bytes: Buffer; executable: boolean }) =>
  `${executable ? 'x' : '-'} ${bytes.toString('latin1')}`;

/** The lines that the user wrote, wherever they are. */
function userLines(tree: Record<string, string>): string[] {
  return [...new Set(Object.values(tree).flatMap((text) => text.match(/user \d+/g) ?? []))].sort();
}

/** A file that had no line end for a while has lost which kind its owner took. */
const withoutEnds = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [path, text.replaceAll('\r\n', '\n')]));

/** Without the sidecars: a file of the user's with such a name is moved to backup/. */
const beside = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).filter(([path]) => !path.endsWith('.makina-image-new')));

export const properties: Record<string, Property> = {
  'a project without edits becomes the new version, in every mode': (engine, scenario, root) => {
    const { versions, mode } = scenario;
    for (const [index, theirs] of versions.entries()) {
      const { result } = upgrade(engine, root, theirs, mode);
      expect(['changed', 'in-sync']).toContain(result);
      expect(workFiles(root)).toEqual(expected(versions.slice(0, index + 1)));
    }
  },

  'a second run writes nothing, in whatever mode, also while conflicts are open': (engine, scenario, root) => {
    const { mode } = scenario;
    begin(engine, scenario, root);
    // What did not go through may go through in another mode.
    const { exit, files } = upgrade(engine, root, scenario.versions[1], mode);
    if (exit === 3 && mode === 'abort') return;
    const before = stamps(root);
    // A link or a folder in the place of a file waits until the user says that it is theirs.
    const waits = files.some(({ reason, resolved }) => reason === 'type-changed' && !resolved);
    for (const again of CONFLICT_MODES.filter((again) => !(waits && again === 'ours'))) {
      upgrade(engine, root, scenario.versions[1], again);
      expect(stamps(root)).toEqual(before);
    }
  },

  'no line of the user is lost, in any mode, over two upgrades': (engine, scenario, root) => {
    const { mode } = scenario;
    begin(engine, scenario, root);
    const [lines, ownLines] = [userLines(contents(root)), userLines(beside(workTree(root)))];
    for (const theirs of scenario.versions.slice(1)) {
      const before = stamps(root);
      const { exit } = upgrade(engine, root, theirs, mode);
      if (mode === 'abort' && exit === 3) expect(stamps(root)).toEqual(before);
      expect(userLines(contents(root))).toEqual(lines);
      if (mode !== 'theirs') expect(userLines(beside(workTree(root)))).toEqual(ownLines);
    }
  },

  "what the templates left alone stays the user's, byte for byte": (engine, scenario, root) => {
    const { mode } = scenario;
    const [first, second] = scenario.versions;
    begin(engine, scenario, root);
    const before = workTree(root);
    upgrade(engine, root, second, mode);
    const after = workTree(root);
    for (const [path, content] of Object.entries(before)) {
      const [was, is] = [first.files.get(path), second.files.get(path)];
      const left = was && is ? textOf(was) === textOf(is) : !was && !is && !path.endsWith('.makina-image-new');
      if (left && content !== 'folder') expect([path, after[path]]).toEqual([path, content]);
    }
  },

  'nothing of the templates is dropped without a word': (engine, scenario, root) => {
    begin(engine, scenario, root);
    for (const theirs of scenario.versions.slice(1)) {
      const { files } = upgrade(engine, root, theirs, scenario.mode === 'sidecar' ? 'sidecar' : 'markers');
      const conflicts = files.filter(({ action }) => action === 'conflict').map(({ path }) => path);
      const tree = workFiles(root);
      for (const [path, { bytes, policy }] of theirs.files) {
        const added = bytes.toString().match(/(second|third) \d+/g) ?? [];
        const missing = added.filter((line) => tree[path] !== undefined && !tree[path].includes(line));
        if (policy === 'shared' && !conflicts.includes(path)) expect([path, missing]).toEqual([path, []]);
      }
    }
  },

  'ours keeps every file that conflicts, theirs takes every one': (engine, scenario, root) => {
    const [, second] = scenario.versions;
    for (const mode of ['ours', 'theirs'] as const) {
      const project = join(root, mode);
      begin(engine, scenario, project);
      const before = workTree(project);
      const { files } = upgrade(engine, project, second, mode);
      const after = workTree(project);
      for (const { path, action, reason, resolved } of files) {
        if (action !== 'conflict' || reason === 'type-changed') continue;
        // Of what is gone a link or a folder stays.
        if (!resolved && reason === 'template-deleted' && /^(->|folder)/.test(before[path] ?? '')) continue;
        const theirs = second.files.get(path);
        expect([path, after[path]]).toEqual([path, mode === 'ours' ? before[path] : theirs && textOf(theirs)]);
      }
    }
  },

  'what was deleted stays deleted': (engine, scenario, root) => {
    begin(engine, scenario, root);
    const [first] = scenario.versions;
    const gone = [...first.files.keys()].filter((path) => !workTree(root)[path]);
    for (const [index, theirs] of scenario.versions.entries()) {
      upgrade(
        engine,
        root,
        theirs,
        CONFLICT_MODES[(CONFLICT_MODES.indexOf(scenario.mode) + index) % 5] as ConflictMode,
      );
      expect(gone.filter((path) => workTree(root)[path])).toEqual([]);
    }
  },

  'examining writes nothing and foretells what is done, and the diff does the same': (engine, scenario, root) => {
    const { mode } = scenario;
    begin(engine, scenario, root);
    const before = stamps(root);
    const foretold = open(engine, root, scenario.versions[1], mode);
    expect(stamps(root)).toEqual(before);
    const files = workFiles(root);
    const text = diffText(changedFiles(foretold));
    const { files: told } = reportOf(foretold);
    const done = upgrade(engine, root, scenario.versions[1], mode);
    expect(done.files).toEqual(told);
    if (mode !== 'abort' || done.exit === 0) diffed.push({ before: files, text, after: workFiles(root) });
  },
};

/** What the diffs of the property above have to do; many are applied at once, since that starts a process each. */
export const diffed: { before: Record<string, string>; text: string; after: Record<string, string> }[] = [];

/** For edits that merge in only one way. */
export const plainProperties: Record<string, Property> = {
  'one upgrade over two versions does what two do': (engine, scenario, root) => {
    const [, second, third] = scenario.versions;
    const [direct, stepwise] = [join(root, 'direct'), join(root, 'stepwise')];
    for (const project of [direct, stepwise]) begin(engine, scenario, project);
    const exits = [
      upgrade(engine, stepwise, second, 'abort'),
      upgrade(engine, stepwise, third, 'abort'),
      upgrade(engine, direct, third, 'abort'),
    ].map(({ exit }) => exit);
    // A seed is written once: who skips the version that brought it gets that of the next one, if it still has it.
    const seedsOf = ({ files }: Rendered) => new Map([...files].filter(([, { policy }]) => policy === 'starter'));
    if (exits.every((exit) => exit === 0) && isDeepStrictEqual(seedsOf(second), seedsOf(third)))
      expect(withoutEnds(contents(direct))).toEqual(withoutEnds(contents(stepwise)));
  },
  'a clean upgrade has every line of the user, and takes what is new': (engine, scenario, root) => {
    const [first, second] = scenario.versions;
    begin(engine, scenario, root);
    const change = open(engine, root, second, 'abort');
    if (isOpen(change)) return;
    const lines = userLines(workTree(root));
    engine.apply(change);
    expect(userLines(workTree(root))).toEqual(lines);
    const added = (path: string) =>
      second.files
        .get(path)
        ?.bytes.toString()
        .match(/second \d+/g) ?? [];
    for (const [path, content] of Object.entries(workTree(root)))
      if (second.files.get(path)?.policy === 'shared' || !first.files.has(path))
        expect([path, added(path).filter((line) => !content.includes(line))]).toEqual([path, []]);
  },
};
