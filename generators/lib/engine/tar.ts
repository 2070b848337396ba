/** Reads files out of a tar archive that comes in pieces. Nothing of it is written to the disk. */

const BLOCK = 512;
/** No list of packages is as long; what is longer is left out. */
const MAX_FILE = 32 << 20;

interface Current {
  path: string;
  /** What the archive says about the next file: its path, or pax records. */
  kind: 'file' | 'path' | 'pax' | 'other';
  left: number;
  padding: number;
  pieces: Buffer[] | undefined;
}

/**
 * @param wants whether a file is read, by its path without `./` and `/` at the beginning
 * @param onFile gets each regular file that is wanted
 * @returns a function that takes the archive, piece by piece
 */
export function tarReader(
  wants: (path: string) => boolean,
  onFile: (path: string, bytes: Buffer) => void,
): (piece: Buffer) => void {
  let rest = Buffer.alloc(0);
  let current: Current | undefined;
  let longPath: string | undefined;
  let longSize: number | undefined;

  const begin = (header: Buffer): Current | undefined => {
    // Two blocks of zeros end an archive.
    if (header[0] === 0) return undefined;
    const prefix = header.toString('latin1', 257, 262) === 'ustar' ? textAt(header, 345, 155) : '';
    const name = textAt(header, 0, 100);
    const type = String.fromCharCode(header[156] ?? 0);
    const isAbout = type === 'x' || type === 'g' || type === 'L' || type === 'K';
    const size = isAbout ? sizeOf(header) : (longSize ?? sizeOf(header));
    const path = (longPath ?? (prefix ? `${prefix}/${name}` : name)).replace(/^(\.?\/)+/, '');
    const isFile = type === '0' || type === '\0' || type === '7';
    const kind = type === 'x' ? 'pax' : type === 'L' ? 'path' : isFile ? 'file' : 'other';
    const isKept = size <= MAX_FILE && (kind === 'pax' || kind === 'path' || (kind === 'file' && wants(path)));
    if (!isAbout) [longPath, longSize] = [undefined, undefined];
    return { path, kind, left: size, padding: (BLOCK - (size % BLOCK)) % BLOCK, pieces: isKept ? [] : undefined };
  };

  const end = ({ kind, path, pieces }: Current): void => {
    if (!pieces) return;
    const bytes = Buffer.concat(pieces);
    if (kind === 'file') onFile(path, bytes);
    if (kind === 'path') longPath = textAt(bytes, 0, bytes.length);
    if (kind === 'pax') {
      const records = paxRecords(bytes);
      longPath = records.get('path') ?? longPath;
      const size = records.get('size');
      if (size !== undefined && /^\d{1,15}$/.test(size)) longSize = Number(size);
    }
  };

  return (piece) => {
    let at = 0;
    while (at < piece.length) {
      if (!current) {
        const taken = Math.min(BLOCK - rest.length, piece.length - at);
        rest = Buffer.concat([rest, piece.subarray(at, at + taken)]);
        at += taken;
        if (rest.length < BLOCK) return;
        current = begin(rest);
        rest = Buffer.alloc(0);
      } else if (current.left > 0) {
        const taken = Math.min(current.left, piece.length - at);
        current.pieces?.push(Buffer.from(piece.subarray(at, at + taken)));
        current.left -= taken;
        at += taken;
      } else if (current.padding > 0) {
        const taken = Math.min(current.padding, piece.length - at);
        current.padding -= taken;
        at += taken;
      }
      if (current && current.left === 0 && current.padding === 0) {
        end(current);
        current = undefined;
      }
    }
  };
}

function textAt(bytes: Buffer, from: number, length: number): string {
  const end = bytes.indexOf(0, from);
  const last = from + length;
  return bytes.toString('utf8', from, end === -1 || end > last ? last : end);
}

/** Octal digits, or a number of base 256 for files of 8 GiB and more. */
function sizeOf(header: Buffer): number {
  if (((header[124] ?? 0) & 0x80) !== 0) return Number(header.readBigUInt64BE(128));
  return Number.parseInt(textAt(header, 124, 12).trim() || '0', 8) || 0;
}

/** `LENGTH KEY=VALUE` in each line, LENGTH in bytes. */
function paxRecords(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    if (space === -1 || !Number.isSafeInteger(length) || length <= 0) break;
    const [, key, value] = /^([^=]+)=([\s\S]*)\n$/.exec(bytes.toString('utf8', space + 1, at + length)) ?? [];
    if (key !== undefined && value !== undefined) records.set(key, value);
    at += length;
  }
  return records;
}
