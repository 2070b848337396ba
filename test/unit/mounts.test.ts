import { describe, expect, test } from 'vitest';
import { takesOwners } from '../../generators/lib/doctor/mount.ts';

describe('doctor on the file system of a volume', () => {
  test.each([
    'fuse',
    'fuse.bindfs',
    'fuse.sshfs',
    '9p',
    'nfs',
    'nfs4',
    'virtiofs',
    'drvfs',
    'osxfs',
    'grpcfuse',
  ])('is unsure whether %s keeps owners', (type) => expect(takesOwners({ type, options: [] })).toBe('perhaps'));
  test.each(['cifs', 'vfat', 'exfat', 'fuseblk', 'vboxsf'])('knows that %s keeps none', (type) =>
    expect(takesOwners({ type, options: [] })).toBe('no'));
  test.each(['ext4', 'xfs', 'tmpfs', 'overlay', 'btrfs', 'fusectl'])('knows that %s keeps them', (type) =>
    expect(takesOwners({ type, options: [] })).toBe('yes'));
});
