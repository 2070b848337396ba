import { splitLines } from './split-lines.ts';

type Part = 'both' | 'ours' | 'base' | 'theirs';
const NEXT: Record<string, Part> = { '<': 'ours', '|': 'base', '=': 'theirs', '>': 'both' };
/** Where each marker may appear. */
const AFTER: Record<string, Part[]> = { '<': ['both'], '|': ['ours'], '=': ['ours', 'base'], '>': ['theirs'] };

/**
 * A text with conflict markers, with one side of each conflict alone; a text without any, or with one out of its order, comes
 * back as it is.
 */
export function takeSide(bytes: Buffer, side: 'ours' | 'theirs'): Buffer {
  const kept: string[] = [];
  let part: Part = 'both';
  let size = 0;
  // Byte by byte: what is not UTF-8 stays.
  for (const line of splitLines(bytes.toString('latin1'))) {
    const marker = /^(<{7,}|\|{7,}|={7,}|>{7,})(?=\s)/.exec(line)?.[0] ?? '';
    const opens = part === 'both' && marker.startsWith('<');
    if (opens) size = marker.length;
    if (marker.length === size && size > 0 && (opens || part !== 'both')) {
      if (!AFTER[marker[0] as string]?.includes(part)) return bytes;
      part = NEXT[marker[0] as string] as Part;
      if (part === 'both') size = 0;
    } else if (part === 'both' || part === side) kept.push(line);
  }
  return part === 'both' ? Buffer.from(kept.join(''), 'latin1') : bytes;
}
