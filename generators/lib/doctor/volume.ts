import fs from 'node:fs';
import { join } from 'node:path';
import { findCommand, ran } from '../system/command.ts';
import { codeOf, lstat } from '../system/files.ts';
import { shell } from '../text/quote.ts';
import { error, type Finding, named, ok, plural, warning } from './finding.ts';
import { mountOf, takesOwners } from './mount.ts';

const ID = 'volume';
const RECORD = '.prepopulated';
const TEMPORARY = '.prepopulate-';
const MAX_RECORD = 1024 * 1024;
const MAX_NAMES = 10_000;

/**
 * Whether a container can use a folder of the host as its data volume.
 * @param data the folder, @param name the project, @param searchPath folders, as in PATH
 */
export async function checkVolume(data: string, name: string, searchPath: string): Promise<Finding[]> {
  const stat = fs.statSync(data, { throwIfNoEntry: false });
  if (!stat && lstat(data))
    return [error(ID, 'it is a link to nothing', data, 'make the folder that it leads to, or remove it')];
  if (!stat) return [ok(ID, 'it does not exist yet: docker run creates it, owned by root', data)];
  if (!stat.isDirectory()) return [error(ID, 'it is not a folder', data, 'move it away, and put a folder there')];
  try {
    const findings = [
      ...checkMount(data, name),
      ...['configuration', 'application', 'data'].flatMap((folder) => checkFolder(join(data, folder))),
      ...checkRecord(data),
      ...checkUnfinished(data),
      ...(await checkAcls(data, searchPath)),
    ];
    return findings.length > 0 ? findings : [ok(ID, 'a container can use it', data)];
  } catch (failure) {
    if (codeOf(failure) !== 'EACCES') throw failure;
    return [ok(ID, 'you cannot read it; `sudo makina-image doctor` can', data)];
  }
}

function checkMount(data: string, name: string): Finding[] {
  const mount = mountOf(data);
  if (!mount) return [];
  const other = `use a folder on another disk, or a Docker volume: -v ${name}-data:/srv/projects/${name}/data`;
  if (mount.options.includes('ro')) {
    if (lstat(join(data, RECORD)))
      return [warning(ID, 'its disk is mounted read-only: nothing new can be filled in', data, 'mount it writable')];
    return [error(ID, 'its disk is mounted read-only (code 74 at the start)', data, `mount it writable, or ${other}`)];
  }
  const owners = takesOwners(mount);
  if (owners === 'no')
    return [error(ID, `its disk is ${mount.type}, which keeps no owners (code 74 at the start)`, data, other)];
  if (owners === 'perhaps')
    return [
      warning(
        ID,
        `its disk is ${mount.type}, where root may be unable to change the owner of a file`,
        data,
        `if the start ends with 74, ${other}`,
      ),
    ];
  return [];
}

/** The launcher follows no link in the volume. */
function checkFolder(path: string): Finding[] {
  const stat = lstat(path);
  if (!stat || stat.isDirectory()) return [];
  const what = `it is ${stat.isSymbolicLink() ? 'a link' : 'not a folder'} (code 78 at the start)`;
  return [error(ID, what, path, 'put a folder there')];
}

/** The record of what was filled in once: the launcher takes a small regular file, and nothing else. */
function checkRecord(data: string): Finding[] {
  const path = join(data, RECORD);
  const stat = lstat(path);
  if (!stat) return [];
  const wrong = (what: string) => [error(ID, `${what} (code 78 at the start)`, path, 'move it away')];
  if (!stat.isFile()) return wrong('it is not a regular file');
  if (stat.nlink !== 1) return wrong('it is one of several names of a file');
  if (stat.size > MAX_RECORD) return wrong('it is larger than 1 MiB');
  return [];
}

/** The targets that were filled once, and are not filled again; none where the record cannot be read. */
export function filledTargets(data: string): Set<string> {
  const path = join(data, RECORD);
  try {
    const isUsable = lstat(path)?.isFile() && checkRecord(data).length === 0;
    // A last line without its end does not count.
    return new Set(isUsable ? fs.readFileSync(path, 'utf8').split('\n').slice(0, -1) : []);
  } catch (failure) {
    if (codeOf(failure) !== 'EACCES') throw failure;
    return new Set();
  }
}

/** What a start that was cut short leaves; the next one that copies a seed there removes it. */
function checkUnfinished(data: string): Finding[] {
  const left = [data, join(data, 'data')].flatMap((folder) =>
    namesIn(folder).flatMap((name) => (name.startsWith(TEMPORARY) ? [join(folder, name)] : [])),
  );
  if (left.length === 0) return [];
  const what = `${plural(left.length, 'unfinished file')} of a start that was cut short, or that is at work now`;
  return [warning(ID, what, left[0] as string, `if no container is starting: rm -r ${left.map(shell).join(' ')}`)];
}

/** The first names in a folder: a volume may hold a million. */
function namesIn(folder: string): string[] {
  let opened: fs.Dir;
  try {
    opened = fs.opendirSync(folder);
  } catch (failure) {
    // Only root may look into some of them.
    if (['EACCES', 'ENOENT', 'ENOTDIR'].includes(codeOf(failure) ?? '')) return [];
    throw failure;
  }
  try {
    const names: string[] = [];
    while (names.length < MAX_NAMES) {
      const entry = opened.readSync();
      if (!entry) break;
      names.push(entry.name);
    }
    return names;
  } finally {
    opened.closeSync();
  }
}

/** An ACL lets in users whom the modes keep out, and keeps out users whom they let in. */
async function checkAcls(data: string, searchPath: string): Promise<Finding[]> {
  if (!findCommand(searchPath, 'getfacl')) return [];
  const paths = [data, ...['data', 'configuration', 'configuration/pillar.sls'].map((path) => join(data, path))];
  const there = paths.filter((path) => fs.existsSync(path));
  const { stdout } = await ran('getfacl', ['--skip-base', '--absolute-names', '--', ...there], searchPath);
  const found = there.filter((path) => stdout.includes(`# file: ${path}\n`));
  if (found.length === 0) return [];
  const fix = `setfacl --remove-all ${found.map(shell).join(' ')}`;
  return [warning(ID, `POSIX ACLs on ${named(found)}, which the modes do not show`, found[0] as string, fix)];
}
