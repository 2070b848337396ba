import { isUtf8 } from 'node:buffer';

/** Whether a file cannot be read as lines of text: a NUL in the first 8000 bytes, or no valid UTF-8. */
export function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8000).includes(0) || !isUtf8(bytes);
}

/** Bytes as they were before a checkout with Windows line ends, or an editor with its byte order mark. */
export function withUnixLines(bytes: Buffer): Buffer {
  const text = bytes
    .toString('latin1')
    .replace(/^\xEF\xBB\xBF/, '')
    .replaceAll('\r\n', '\n');
  return Buffer.from(text, 'latin1');
}

/** The lines of a text, each with its terminator; only `\n` ends one, so that joining them gives the text back. */
export function splitLines(text: string): string[] {
  const lines = text.split('\n');
  const last = lines.pop();
  const ended = lines.map((line) => `${line}\n`);
  return last ? [...ended, last] : ended;
}
