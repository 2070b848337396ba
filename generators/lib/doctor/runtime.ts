import { join } from 'node:path';
import { lstat } from '../apply/state.ts';
import { keptPaths, type Manifest } from '../manifest/manifest.ts';
import { hasOwnRuntime } from '../model/runtime.ts';
import type { Image } from '../model/schema.ts';
import { readDisk } from '../plan/disk.ts';
import { editedRuntime } from '../project/own-runtime.ts';
import { plainWord } from '../quote/quote.ts';
import { formerRuntime, RUNTIME, shortened } from '../render/moved-runtime.ts';
import { error, type Finding, named, ok, warning } from './finding.ts';
import { checkStateIds } from './state-ids.ts';

const ID = 'runtime';

/** Where the run-time of a project is, and what its owner changed that nothing reads. */
export function checkRuntime(root: string, image: Image, manifest: Manifest): Finding[] {
  // An older version wrote it: an upgrade moves all of that.
  if (keptPaths(manifest).some((path) => formerRuntime.has(path))) return [];
  const findings = [...checkLeft(root), ...checkLong(root), ...checkStateIds(root, image.name)];
  if (hasOwnRuntime(image)) return [...findings, ok(ID, ownRuntime(root, manifest))];
  return [...findings, ...checkFolder(root)];
}

function ownRuntime(root: string, manifest: Manifest): string {
  const edited = editedRuntime(root, manifest);
  const told = edited.length > 0 ? `, with your edits of ${named(edited)}` : '';
  return `the project has its own, ${RUNTIME}${told}`;
}

/** Files of a run-time of 0.2 that were edited. */
function checkLeft(root: string): Finding[] {
  const left = [...formerRuntime].filter((path) => lstat(join(root, path)));
  if (left.length === 0) return [];
  return [
    warning(
      ID,
      `nothing reads ${named(left)} any more, and your edits there have no effect`,
      join(root, left[0] as string),
      'move them into a step of your own, and delete what is there; or make the same edits in a run-time of the project, ' +
        `which \`makina-image new ${plainWord(`${root}/`)} --runtime vendored\` writes to ${RUNTIME}`,
    ),
  ];
}

/** Files of an older version, kept by their owner, that do by themselves what the run-time does now. */
function checkLong(root: string): Finding[] {
  const disk = readDisk(root, shortened.keys());
  const long = [...disk].flatMap(([path, entry]) =>
    entry?.kind === 'file' && !/\bruntime\b/.test(entry.bytes.toString()) ? [path] : [],
  );
  return long.map((path) =>
    warning(
      ID,
      'it is written for 0.2, and does not use the run-time, so what it needs may be gone',
      join(root, path),
      `bring your edits into the file of today: \`makina-image restore ${plainWord(join(root, path))}\` writes it, after you moved yours away`,
    ),
  );
}

/** The build takes a folder in the place of the base image's run-time, whatever is in it. */
function checkFolder(root: string): Finding[] {
  const folder = join(root, RUNTIME);
  if (!lstat(folder)?.isDirectory()) return [ok(ID, 'the base image brings it')];
  return [
    error(
      ID,
      'the base image brings the run-time, and the build stops at what is left of one here',
      folder,
      `move your edits into a step of your own and delete that folder; or keep it: \`makina-image new ${plainWord(`${root}/`)} --runtime vendored\``,
    ),
  ];
}
