import fs from 'node:fs';

/** The file system that a folder is on. */
export interface Mount {
  type: string;
  options: string[];
}

/** Where a folder is mounted; undefined where the system does not tell (it is not Linux). */
export function mountOf(folder: string): Mount | undefined {
  let table: string;
  try {
    table = fs.readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return undefined;
  }
  const real = `${fs.realpathSync(folder)}/`;
  const mounts = table.split('\n').flatMap((line) => {
    // 36 35 98:0 /root /mount/point ro,noatime - ext4 /dev/root rw,errors=continue
    const [before = '', after = ''] = line.split(' - ');
    const [, , , , point, options = ''] = before.split(' ');
    const [type = '', , more = ''] = after.split(' ');
    if (point === undefined) return [];
    const path = point.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));
    return [{ path: path === '/' ? path : `${path}/`, type, options: [...options.split(','), ...more.split(',')] }];
  });
  // Of two at the same place the later one counts.
  return mounts
    .filter(({ path }) => real.startsWith(path))
    .sort((a, b) => a.path.length - b.path.length)
    .at(-1);
}

/** What knows no owners: all files belong to one user, who is named when it is mounted. */
const OWNERLESS = ['vfat', 'msdos', 'exfat', 'ntfs', 'ntfs3', 'fuseblk', 'cifs', 'smb3', 'vboxsf', 'hfs'];
/** What may or may not let root give a file away. */
const UNSURE = /^(9p|drvfs|nfs4?|virtiofs|fuse(\..*)?|osxfs|grpcfuse)$/;

/** Whether files on a mount have modes of their own: if not, all have the one that it was mounted with. */
export function takesModes({ type }: Mount): boolean {
  return !OWNERLESS.includes(type);
}

/** Whether root can give files on a mount to another user. */
export function takesOwners({ type }: Mount): 'yes' | 'no' | 'perhaps' {
  if (OWNERLESS.includes(type)) return 'no';
  return UNSURE.test(type) ? 'perhaps' : 'yes';
}
