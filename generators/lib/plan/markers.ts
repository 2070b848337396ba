import type { Manifest } from '../manifest/content.ts';
import { sha256Of } from '../sha256.ts';
import { conflictMarkers } from '../text/merge3.ts';
import { type Disk, type Side, sidecarOf } from './types.ts';

/** One of our markers without the rest of its group. */
const LEFT = /^(<{7,} yours|(\|{7,}|>{7,}) makina-image \S+)\r?$/m;

/** Whether a file has conflict markers, or some of those that we wrote. */
export function hasMarkers(bytes: Buffer): boolean {
  // An editor may have saved it as UTF-16.
  const text = bytes.includes(0) ? bytes.filter((byte) => byte !== 0) : bytes;
  return conflictMarkers(Buffer.from(text)).length > 0 || LEFT.test(text.toString());
}

/** Whether the user has left a conflict of an earlier run as it was. */
export function isUnresolved(
  disk: Disk,
  path: string,
  pending: Manifest['conflicts'][string],
  ours: Side | undefined,
  theirs: Side,
): boolean {
  if (pending.kind === 'markers') return ours !== undefined && hasMarkers(ours.bytes);
  return disk.get(sidecarOf(path)) !== undefined && pending.theirs === sha256Of(theirs.bytes);
}
