import { join } from 'node:path';
import { YO_RC } from '../answers/yo-rc.ts';
import { UserError } from '../errors.ts';
import type { Manifest } from '../manifest/content.ts';
import { readBase } from '../manifest/store.ts';
import { readDisk } from '../plan/disk.ts';
import type { Rendered } from '../render/render.ts';
import { sha256Of } from '../sha256.ts';

/** What shows the name of a project. */
interface Written {
  root: string;
  manifest: Manifest | undefined;
  pastBases: ReadonlyMap<string, Buffer>;
  theirs: Rendered;
}

/** The files that hold the name of a project, and where, in all releases. */
const HOLDERS: [path: string, pattern: RegExp][] = [
  ['project/launch.sh', /^(?:PROJECT='|exec .*\/launch\.sh" )([a-z0-9]+)/m],
  ['compose.yaml', /^ {4}image: "([a-z0-9]+)"$/m],
];

/**
 * Refuses a project whose stored name is not the one that it was written with: volumes, users and the owner's pillar carry the name.
 * @param path the file that holds the answers
 * @throws UserError (usage)
 */
export function refuseRenamed(project: Written, name: string, path = join(project.root, YO_RC)): void {
  const written = writtenName(project);
  if (written === undefined || written === name) return;
  throw new UserError(
    `${path} says the name ${name}, but the project was written as ${written}, and volumes, users and your pillar carry that; put ${written} back there, or follow "Rename a project" in docs/regeneration.md`,
  );
}

/** The name of what was merged in last, from the engine's own record; from the files where that is lost. */
function writtenName({ root, manifest, pastBases, theirs }: Written): string | undefined {
  for (const [path, pattern] of HOLDERS) {
    const sha256 = manifest?.files[path]?.sha256;
    const next = theirs.files.get(path);
    // Most projects are what is rendered.
    if (next && sha256 === sha256Of(next.bytes)) return pattern.exec(next.bytes.toString())?.[1];
    const bytes = sha256 === undefined ? undefined : (pastBases.get(sha256) ?? readBase(root, sha256));
    const found = pattern.exec((bytes ?? fileAt(root, path))?.toString() ?? '');
    if (found) return found[1];
  }
  return undefined;
}

function fileAt(root: string, path: string): Buffer | undefined {
  const entry = readDisk(root, [path]).get(path);
  return entry?.kind === 'file' ? entry.bytes : undefined;
}
