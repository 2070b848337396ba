import { dirname, join, parse } from 'node:path';
import type { DiskEntry } from '../plan/types.ts';
import { trackedMode } from '../system/git.ts';
import { plainWord } from '../text/quote.ts';
import { error, type Finding, ok, warning } from './finding.ts';
import { mountOf, takesModes, takesOwners } from './mount.ts';

/** The one file whose mode counts: the build sets that of all others, or an interpreter reads them. */
export const LAUNCHER = 'project/launch.sh';

/** Whether the script that starts a container is executable: on the disk, and in git for a clone. */
export function checkLauncher(root: string, entry: DiskEntry | undefined): Finding[] {
  if (entry?.kind !== 'file') return [];
  const where = join(root, LAUNCHER);
  const inGit = modeInGit(root);
  // Windows keeps no such bit, and its Docker sets it on everything that it sends.
  if (!entry.executable && process.platform !== 'win32') {
    const mount = mountOf(dirname(where));
    const isKept = !mount || takesModes(mount);
    const what = isKept ? '' : `, and a disk of the type ${mount.type} keeps no modes`;
    const clone = 'build in a clone on another disk';
    const doubt = mount && takesOwners(mount) === 'perhaps' ? `, or, if that changes nothing, ${clone}` : '';
    const fix = isKept ? `chmod +x ${plainWord(where)}${doubt}` : `mount it with fmask=0022, or ${clone}`;
    const also = inGit ? `, and in git: ${inGit}` : '';
    return [error('executable', `the container cannot start a file that is not executable${what}`, where, fix + also)];
  }
  if (!inGit) return [ok('executable', LAUNCHER)];
  const what = 'git has it without its exec bit, so an image that is built from a clone cannot start';
  return [warning('executable', what, where, `${inGit}, then commit it`)];
}

/** The command that fixes the mode in git; undefined if git has it right, has no such file, or does not answer (another finding). */
function modeInGit(root: string): string | undefined {
  let mode: string | undefined;
  try {
    mode = trackedMode(root, LAUNCHER);
  } catch {
    return undefined;
  }
  // In its folder: project/ may be a repository of its own.
  const { dir, base } = parse(join(root, LAUNCHER));
  return mode === '100644' ? `git -C ${plainWord(dir)} update-index --chmod=+x ${base}` : undefined;
}
