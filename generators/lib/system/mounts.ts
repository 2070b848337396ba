import fs from 'node:fs';

/** A file system, and the path where it is mounted. */
export interface MountPoint {
  path: string;
  type: string;
  options: string[];
}

/** All mounts; undefined if the system does not show them (it is not Linux). */
export function readMounts(): MountPoint[] | undefined {
  let table: string;
  try {
    table = fs.readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return undefined;
  }
  return table.split('\n').flatMap((line) => {
    // 36 35 98:0 /root /mount/point ro,noatime - ext4 /dev/root rw,errors=continue
    const [before = '', after = ''] = line.split(' - ');
    const [, , , , point, options = ''] = before.split(' ');
    const [type = '', , more = ''] = after.split(' ');
    if (point === undefined) return [];
    const path = point.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));
    return [{ path, type, options: [...options.split(','), ...more.split(',')] }];
  });
}
