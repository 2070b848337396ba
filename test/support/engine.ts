import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, type Examined, examine } from '../../generators/lib/regenerate.ts';
import { entryAt } from './snapshot.ts';

/** What plans and writes; the properties hold for ours, and for none of the mutants. */
export interface Engine {
  examine: typeof examine;
  carryOut: typeof carryOut;
}

export const engine: Engine = { examine, carryOut };

type Write = ReturnType<Examined['transaction']>['writes'][number];
const isOwn = ({ path }: Write) => path.startsWith('.makina-image/');

/** An engine of which the plan is changed before it is carried out; the commit point stays the last. */
function planning(change: (examined: Examined) => Write[]): Engine {
  return {
    examine: (...args) => {
      const examined = examine(...args);
      const transaction = () => ({ ...examined.transaction(), writes: change(examined), expected: new Map() });
      return { ...examined, transaction };
    },
    carryOut,
  };
}

const writeOf = ({ project }: Examined, path: string): Write[] => {
  const file = project.theirs.files.get(path);
  return file ? [{ kind: 'write', path, ...file }] : [{ kind: 'delete', path }];
};
/** Other writes in the work tree, those of the engine as they are. */
const instead = ({ transaction }: Examined, work: Write[]): Write[] => [...work, ...transaction().writes.filter(isOwn)];
const workOf = ({ transaction }: Examined) => transaction().writes.filter((write) => !isOwn(write));
const forEach = (examined: Examined, paths: string[]) => paths.flatMap((path) => writeOf(examined, path));
const shared = ({ theirs }: Examined['project']) =>
  [...theirs.files].filter(([, { policy }]) => policy === 'shared').map(([path]) => path);

/** Engines with a fault each. */
export const mutants: Record<string, Engine> = {
  'takes ours for theirs': planning((examined) => {
    const swapped = examined.plan.files.filter(({ action }) => action === 'user-edit').map(({ path }) => path);
    const updated = examined.plan.files.filter(({ action }) => action === 'updated').map(({ path }) => path);
    const rest = workOf(examined).filter(({ path }) => !updated.includes(path));
    return instead(examined, [...rest, ...forEach(examined, swapped)]);
  }),
  'swaps the sides of a conflict': {
    examine: (project, mode) =>
      examine(project, ({ ours: 'theirs', theirs: 'ours' } as Record<string, typeof mode>)[mode] ?? mode),
    carryOut,
  },
  'drops the base': {
    examine: (project, mode) =>
      examine({ ...project, manifest: project.manifest && { ...project.manifest, files: {} } }, mode),
    carryOut,
  },
  'overwrites always': planning((examined) => {
    const free = shared(examined.project).filter(
      (path) => !examined.plan.files.some((file) => file.path === path && file.reason === 'type-changed'),
    );
    const others = workOf(examined).filter(({ path }) => !free.includes(path));
    return instead(examined, [...others, ...forEach(examined, free)]);
  }),
  'never deletes': planning(({ transaction }) =>
    transaction().writes.filter((write) => isOwn(write) || write.kind !== 'delete'),
  ),
  'ignores exec bits': planning(({ transaction }) =>
    transaction().writes.map((write) => (write.kind === 'write' ? { ...write, executable: false } : write)),
  ),
  'forgets the manifest': planning(({ transaction }) =>
    transaction().writes.filter(({ path }) => path !== '.makina-image/manifest.json'),
  ),
  'deletes edited files that the templates removed': planning((examined) => {
    const lost = examined.plan.files.filter(({ reason }) => reason === 'template-deleted').map(({ path }) => path);
    return instead(examined, [...workOf(examined), ...forEach(examined, lost)]);
  }),
  'keeps no backup': planning(({ transaction }) =>
    transaction().writes.filter(({ path }) => !path.startsWith('.makina-image/backup/')),
  ),
  'writes what is there already': {
    examine,
    carryOut: (examined) => {
      carryOut(examined);
      const { root, theirs } = examined.project;
      rewriteFirst(root, [...theirs.files.keys()]);
    },
  },
  'brings deleted files back': planning((examined) => {
    const gone = examined.plan.files.filter(({ action }) => action === 'deleted-by-user').map(({ path }) => path);
    return instead(examined, [...workOf(examined), ...forEach(examined, gone)]);
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
