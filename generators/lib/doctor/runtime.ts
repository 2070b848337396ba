import fs from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../manifest/content.ts';
import { keptPaths } from '../manifest/manifest.ts';
import { hasOwnRuntime } from '../model/runtime.ts';
import type { Image } from '../model/schema.ts';
import { readDisk } from '../plan/disk.ts';
import { editedRuntime, OLDER, renewed } from '../project/own-runtime.ts';
import { formerRuntime, LAUNCHER, movedCode, RUNTIME, usesRuntime } from '../render/moved-runtime.ts';
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
const MODULE = 'project/.salt/_modules/mc_launcher.py';

/** Where the runtime of a project is, and what its owner changed that nothing reads. */
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
  const edits = edited.length > 0 ? `, with your edits of ${named(edited)}` : '';
  return `the project has its own, ${RUNTIME}${edits}`;
}

/** The build and each start refuse a runtime of another version than mc_launcher.py is written for. */
function checkVersion(root: string): Finding[] {
  const disk = readDisk(root, [VERSION, MODULE]);
  const [version, launcher] = [VERSION, MODULE].map((path) => disk.get(path));
  if (version?.kind !== 'file' || launcher?.kind !== 'file') return [];
  const [found] = /[^ \t\r\n]{1,40}/.exec(version.bytes.toString()) ?? [];
  const [, wanted] = /\bwritten_for\('([^']*)'/.exec(launcher.bytes.toString()) ?? [];
  if (wanted === undefined || found === wanted) return [];
  const fix = 'undo your edit in the one that you changed: move it away, and `makina-image restore` writes it again';
  return [
    error(
      ID,
      `it says ${found || 'nothing'}, and ${MODULE} is for ${wanted}, so a build stops`,
      join(root, VERSION),
      fix,
    ),
  ];
}

/** Files that the owner adopted, and that differ from the runtime of today. */
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

/** What is left of a runtime of 0.2: files that were edited, and the owner's own beside them. */
function checkLeft(root: string): Finding[] {
  const files = [...formerRuntime].filter((path) => !path.startsWith(`${LAUNCHER}/`) && lstat(join(root, path)));
  const left = [...files, ...inLauncher(root)];
  if (left.length === 0) return [];
  return [
    warning(
      ID,
      `nothing reads ${named(left)} any more, and what you wrote there has no effect`,
      join(root, left[0] as string),
      'move them into a step of your own, and delete what is there; or make the same edits in a runtime of the project, ' +
        `which \`makina-image new ${plainWord(`${root}/`)} --runtime vendored\` writes to ${RUNTIME}`,
    ),
  ];
}

/** What is in the launcher folder of 0.2, or in its place; today's launcher is elsewhere. */
function inLauncher(root: string): string[] {
  const stat = lstat(join(root, LAUNCHER));
  if (!stat?.isDirectory()) return stat ? [LAUNCHER] : [];
  // Python writes that folder.
  const names = fs.readdirSync(join(root, LAUNCHER)).filter((name) => name !== '__pycache__');
  return names.sort().map((name) => `${LAUNCHER}/${name}`);
}

/** Files of an older version, kept by their owner, that do by themselves what the runtime does now. */
function checkLong(root: string): Finding[] {
  const disk = readDisk(root, movedCode.keys());
  const long = [...disk].flatMap(([path, entry]) =>
    entry?.kind === 'file' && !usesRuntime(entry.bytes.toString()) ? [path] : [],
  );
  return long.map((path) =>
    warning(
      ID,
      'it is written for 0.2, and does not use the runtime, so what it needs may be gone',
      join(root, path),
      `bring your edits into the file of today: \`makina-image restore ${plainWord(join(root, path))}\` writes it, after you moved yours away`,
    ),
  );
}

/** The build takes what is in the place of the base image's runtime, whatever it is. */
function checkFolder(root: string): Finding[] {
  const folder = join(root, RUNTIME);
  const stat = lstat(folder);
  if (!stat) return [ok(ID, 'the base image brings it')];
  const away = stat.isDirectory() ? 'move your edits into a step of your own and delete that folder' : 'remove it';
  return [
    error(
      ID,
      `the base image brings the runtime, and the build stops at ${stat.isDirectory() ? 'what is left of one' : 'what is in its place'} here`,
      folder,
      `${away}; or have one in the project: \`makina-image new ${plainWord(`${root}/`)} --runtime vendored\``,
    ),
  ];
}
