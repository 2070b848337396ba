import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commit } from '../../generators/lib/apply/transaction.ts';
import type { Transaction } from '../../generators/lib/apply/types.ts';
import { apply, type Change, examine, transactionOf } from '../../generators/lib/verbs/change.ts';
import { entryAt } from './snapshot.ts';

/** What plans and writes; the properties hold for ours, and for none of the mutants. */
export interface Engine {
  examine: typeof examine;
  apply: (change: Change) => void;
}

export const engine: Engine = { examine, apply };

type Write = Transaction['writes'][number];
const isOwn = ({ path }: Write) => path.startsWith('.makina-image/');

/** An engine of which the plan is changed before it is carried out; the commit point stays the last. */
function writing(writes: (change: Change) => Write[]): Engine {
  return {
    examine,
    apply: (change) =>
      commit(change.project.root, { ...transactionOf(change), writes: writes(change), expected: new Map() }),
  };
}

const writeOf = ({ project }: Change, path: string): Write[] => {
  const file = project.theirs.files.get(path);
  return file ? [{ kind: 'write', path, ...file }] : [{ kind: 'delete', path }];
};
/** Other writes in the work tree, those of the engine as they are. */
const instead = (change: Change, work: Write[]): Write[] => [...work, ...transactionOf(change).writes.filter(isOwn)];
const workOf = (change: Change) => transactionOf(change).writes.filter((write) => !isOwn(write));
const forEach = (change: Change, paths: string[]) => paths.flatMap((path) => writeOf(change, path));
const shared = ({ theirs }: Change['project']) =>
  [...theirs.files].filter(([, { policy }]) => policy === 'shared').map(([path]) => path);

/** Engines with a fault each. */
export const mutants: Record<string, Engine> = {
  'takes ours for theirs': writing((change) => {
    const swapped = change.plan.files.filter(({ action }) => action === 'user-edit').map(({ path }) => path);
    const updated = change.plan.files.filter(({ action }) => action === 'updated').map(({ path }) => path);
    const rest = workOf(change).filter(({ path }) => !updated.includes(path));
    return instead(change, [...rest, ...forEach(change, swapped)]);
  }),
  'swaps the sides of a conflict': {
    examine: (project, mode) =>
      examine(project, ({ ours: 'theirs', theirs: 'ours' } as Record<string, typeof mode>)[mode] ?? mode),
    apply,
  },
  'drops the base': {
    examine: (project, mode) =>
      examine({ ...project, manifest: project.manifest && { ...project.manifest, files: {} } }, mode),
    apply,
  },
  'overwrites always': writing((change) => {
    const free = shared(change.project).filter(
      (path) => !change.plan.files.some((file) => file.path === path && file.reason === 'type-changed'),
    );
    const others = workOf(change).filter(({ path }) => !free.includes(path));
    return instead(change, [...others, ...forEach(change, free)]);
  }),
  'never deletes': writing((change) =>
    transactionOf(change).writes.filter((write) => isOwn(write) || write.kind !== 'delete'),
  ),
  'ignores exec bits': writing((change) =>
    transactionOf(change).writes.map((write) => (write.kind === 'write' ? { ...write, executable: false } : write)),
  ),
  'forgets the manifest': writing((change) =>
    transactionOf(change).writes.filter(({ path }) => path !== '.makina-image/manifest.json'),
  ),
  'deletes edited files that the templates removed': writing((change) => {
    const lost = change.plan.files.filter(({ reason }) => reason === 'template-deleted').map(({ path }) => path);
    return instead(change, [...workOf(change), ...forEach(change, lost)]);
  }),
  'keeps no backup': writing((change) =>
    transactionOf(change).writes.filter(({ path }) => !path.startsWith('.makina-image/backup/')),
  ),
  'writes what is there already': {
    examine,
    apply: (change) => {
      apply(change);
      const { root, theirs } = change.project;
      rewriteFirst(root, [...theirs.files.keys()]);
    },
  },
  'brings deleted files back': writing((change) => {
    const gone = change.plan.files.filter(({ action }) => action === 'deleted-by-user').map(({ path }) => path);
    return instead(change, [...workOf(change), ...forEach(change, gone)]);
  }),
};

function rewriteFirst(root: string, paths: string[]): void {
  for (const path of paths) {
    const file = join(root, path);
    if (!entryAt(file)?.isFile()) continue;
    writeFileSync(file, readFileSync(file));
    return;
  }
}
