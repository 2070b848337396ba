import { join } from 'node:path';
import type { Manifest } from '../manifest/content.ts';
import { keptPaths } from '../manifest/manifest.ts';
import { hasOwnRuntime } from '../model/runtime.ts';
import type { Image } from '../model/schema.ts';
import { readDisk } from '../plan/disk.ts';
import { editedRuntime, OLDER, renewed } from '../project/own-runtime.ts';
import { formerRuntime, RUNTIME, shortened } from '../render/moved-runtime.ts';
import { runtimeFiles } from '../render/runtime-files.ts';
import { renderTemplate } from '../render/template.ts';
import { sha256Of } from '../sha256.ts';
import { lstat } from '../system/files.ts';
import { plainWord } from '../text/quote.ts';
import { withUnixLines } from '../text/split-lines.ts';
import { error, type Finding, named, ok, warning } from './finding.ts';
import { checkGoneIds } from './gone-ids.ts';
import { checkStateIds } from './state-ids.ts';

const ID = 'runtime';
const VERSION = `${RUNTIME}/version`;
const LAUNCHER = 'project/.salt/_modules/mc_launcher.py';

/** Where the run-time of a project is, and what its owner changed that nothing reads. */
export function checkRuntime(root: string, image: Image, manifest: Manifest): Finding[] {
  // An older version wrote it: an upgrade moves all of that.
  if (keptPaths(manifest).some((path) => formerRuntime.has(path))) return [];
  const findings = [
    ...checkLeft(root),
    ...checkLong(root),
    ...checkStateIds(root, image.name),
    ...checkGoneIds(root, image),
  ];
  if (hasOwnRuntime(image)) {
    const own = [...checkVersion(root), ...checkAdopted(root, manifest)];
    return [...findings, ...own, ok(ID, ownRuntime(root, manifest))];
  }
  return [...findings, ...checkFolder(root)];
}

function ownRuntime(root: string, manifest: Manifest): string {
  const edited = editedRuntime(root, manifest);
  const told = edited.length > 0 ? `, with your edits of ${named(edited)}` : '';
  return `the project has its own, ${RUNTIME}${told}`;
}

/** The build and each start refuse a run-time of another version than mc_launcher.py is written for. */
function checkVersion(root: string): Finding[] {
  const disk = readDisk(root, [VERSION, LAUNCHER]);
  const [version, launcher] = [VERSION, LAUNCHER].map((path) => disk.get(path));
  if (version?.kind !== 'file' || launcher?.kind !== 'file') return [];
  const [found] = /[^ \t\r\n]{1,40}/.exec(version.bytes.toString()) ?? [];
  const [, wanted] = /\bwritten_for\('([^']*)'/.exec(launcher.bytes.toString()) ?? [];
  if (wanted === undefined || found === wanted) return [];
  const fix = 'take your edit out of the one that you changed: moved away, `makina-image restore` writes it anew';
  return [
    error(
      ID,
      `it says ${found || 'nothing'}, and ${LAUNCHER} is for ${wanted}, so a build stops`,
      join(root, VERSION),
      fix,
    ),
  ];
}

/** Files that the owner took over from a run-time that was another one. */
function checkAdopted(root: string, { adopted, files }: Manifest): Finding[] {
  const own = adopted.filter((path) => path.startsWith(`${RUNTIME}/`) && path !== VERSION);
  return [...readDisk(root, own)].flatMap(([path, entry]) => {
    const theirs = runtimeFiles.find((file) => `${RUNTIME}/${file}` === path);
    if (entry?.kind !== 'file' || !theirs) return [];
    const today = Buffer.from(renderTemplate(`runtime/${theirs}`, {}));
    if (files[path]?.sha256 === sha256Of(today) || withUnixLines(entry.bytes).equals(today)) return [];
    return [warning(ID, OLDER, join(root, path), renewed(root, path))];
  });
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
