/** The outer tar of a backup: plain files, each with a name of its own, and nothing else. */

const BLOCK = 512;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,98}$/;
/** What eleven octal digits cannot hold has the form of GNU tar: a first bit, then the number itself. */
const LARGEST_OCTAL = 0o77777777777;

/** The header of a member. */
export function tarHeader(name: string, size: number): Buffer {
  if (!NAME.test(name)) throw new Error(`${name} cannot be a member of a backup`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write('0000600\x000000000\x000000000\0', 100);
  if (size <= LARGEST_OCTAL) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write('00000000000\0', 136);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** What follows the content of a member, up to the next block. */
export const tarPadding = (size: number) => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/** The end of a tar. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

export const TAR_BLOCK = BLOCK;

/**
 * Reads a header.
 * @returns undefined for the end of the tar
 * @throws Error for one that `tarHeader` did not make
 */
export function readTarHeader(block: Buffer): { name: string; size: number } | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const name = block.toString('latin1', 0, 100).replace(/\0.*$/s, '');
  const large = block[124] === 0x80;
  const size = large ? Number(block.readBigUInt64BE(128)) : Number.parseInt(block.toString('latin1', 124, 135), 8);
  if (!NAME.test(name) || size < 0 || !Number.isSafeInteger(size) || !tarHeader(name, size).equals(block))
    throw new Error('it has something that no backup has');
  return { name, size };
}

/** The sum of all bytes, those of the sum itself counted as spaces. */
function checksum(header: Buffer): number {
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0);
}
