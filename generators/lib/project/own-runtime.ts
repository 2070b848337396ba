import { join } from 'node:path';
import type { Manifest } from '../manifest/content.ts';
import { complete, type Intent } from '../model/intent.ts';
import { hasOwnRuntime } from '../model/runtime.ts';
import type { Image } from '../model/schema.ts';
import { readDisk } from '../plan/disk.ts';
import { renames } from '../render/files.ts';
import { RUNTIME } from '../render/moved-runtime.ts';
import { sha256Of } from '../sha256.ts';
import { plainWord } from '../text/quote.ts';
import { withUnixLines } from '../text/split-lines.ts';

/** What a project is made from, and the edited files for which it keeps a runtime of its own. */
export interface WithRuntime {
  intent: Intent;
  image: Image;
  vendored: string[];
}

/**
 * Keeps the runtime in a project whose owner changed a file of it: with the runtime of the base image nothing would read
 * that file. The answer `runtime` overrides this.
 */
export function keepRuntime(root: string, intent: Intent, image: Image, manifest: Manifest | undefined): WithRuntime {
  const nothing = { intent, image, vendored: [] };
  if (!manifest || image.runtime || hasOwnRuntime(image)) return nothing;
  const vendored = editedRuntime(root, manifest);
  if (vendored.length === 0) return nothing;
  const kept = { ...intent, runtime: 'vendored' };
  const { image: whole } = complete(kept);
  return whole ? { intent: kept, image: whole, vendored } : nothing;
}

const movable = renames.map(({ from }) => from).filter((path) => path.startsWith('project/'));

/** The files of a runtime in a project that are not as they were generated: edited, or adopted. */
export function editedRuntime(root: string, { files, adopted }: Manifest): string[] {
  const own = [...Object.keys(files), ...adopted].filter((path) => path.startsWith(`${RUNTIME}/`));
  const paths = [...movable.filter((path) => files[path] || adopted.includes(path)), ...own];
  const disk = readDisk(root, new Set(paths));
  return [...disk].flatMap(([path, entry]) => {
    if (!entry) return [];
    // A link may lead to anything.
    if (entry.kind !== 'file') return [path];
    const isGenerated = [entry.bytes, withUnixLines(entry.bytes)].some(
      (bytes) => sha256Of(bytes) === files[path]?.sha256,
    );
    return isGenerated && !adopted.includes(path) ? [] : [path];
  });
}

/** Why a project keeps a runtime of its own, and what the owner can do next. */
export function vendoredText(root: string, paths: readonly string[]): string {
  const andMore = ([first = '', ...more]: readonly string[]) =>
    more.length > 0 ? `${first} and ${more.length} more` : first;
  const left = [...readDisk(root, paths)].flatMap(([path, entry]) => (entry?.kind === 'other' ? [path] : []));
  const why =
    left.length < paths.length
      ? 'So that your change keeps its effect, the project has a runtime of its own with it'
      : 'So that you can make your change there, the project has a runtime of its own';
  return [
    `You changed ${andMore(paths)}, ${paths.length > 1 ? 'files' : 'a file'} of the runtime, which the base image brings now.`,
    `${why}: ${RUNTIME} (runtime: vendored).`,
    ...(left.length > 0
      ? [
          `A link or a folder stays where it is, without effect: bring what is in ${andMore(left)} into ${RUNTIME}, and remove it.`,
        ]
      : []),
    `Keep it that way, or move the change into a step of your own, then run: makina-image new ${plainWord(`${root}/`)} --runtime base`,
  ].join('\n  ');
}

/** Why an adopted file of an older runtime may be a problem. */
export const OLDER = 'you adopted it, and it is older than the runtime around it, which might not work with it';

/** The commands that update an adopted file and keep its edits. Until 0.2 no base of such a file was kept. */
export function renewed(root: string, path: string): string {
  const restore = `makina-image restore ${plainWord(join(root, path))}`;
  return `${restore} && makina-image upgrade --conflict=markers ${plainWord(root)} brings in what is new: merged, or beside it for you to merge`;
}
