import fs from 'node:fs';
import { readMounts } from '../system/mounts.ts';

/** The file system that a folder is on. */
export interface Mount {
  type: string;
  options: string[];
}

/** Where a folder is mounted; undefined if the system does not say (it is not Linux). */
export function mountOf(folder: string): Mount | undefined {
  const mounts = readMounts();
  if (!mounts) return undefined;
  const real = `${fs.realpathSync(folder)}/`;
  // Of two at the same place the later one counts.
  return mounts
    .filter(({ path }) => real.startsWith(path === '/' ? path : `${path}/`))
    .sort((a, b) => a.path.length - b.path.length)
    .at(-1);
}

/** File systems without owners: all files belong to one user, whom the mount names. */
const OWNERLESS = ['vfat', 'msdos', 'exfat', 'ntfs', 'ntfs3', 'fuseblk', 'cifs', 'smb3', 'vboxsf', 'hfs'];
/** File systems that might or might not let root change the owner of a file. */
const UNSURE = /^(9p|drvfs|nfs4?|virtiofs|fuse(\..*)?|osxfs|grpcfuse)$/;

/** Whether files on a mount have modes of their own; if not, the mount sets one mode for all. */
export function takesModes({ type }: Mount): boolean {
  return !OWNERLESS.includes(type);
}

/** Whether root can give files on a mount to another user. */
export function takesOwners({ type }: Mount): 'yes' | 'no' | 'perhaps' {
  if (OWNERLESS.includes(type)) return 'no';
  return UNSURE.test(type) ? 'perhaps' : 'yes';
}
