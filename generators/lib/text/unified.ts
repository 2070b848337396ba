import { type Change, compareLines } from './lines.ts';
import { isBinary, splitLines } from './split-lines.ts';

/** One state of a file. */
export interface Side {
  bytes: Buffer;
  executable: boolean;
}

const CONTEXT = 3;
const ESCAPES = new Map([...'\x07\b\t\n\v\f\r"\\'].map((char, i) => [char, `\\${'abtnvfr"\\'[i]}`]));

/**
 * The difference of two states of a file as git writes it: `git apply` and `patch -p1` take it if the file is text.
 * @param path relative, with `/`
 * @param before undefined if the file is new
 * @param after undefined if the file goes
 * @returns nothing if both are equal
 */
export function unifiedDiff(path: string, before: Side | undefined, after: Side | undefined): string {
  const [a, b] = [quotePath(`a/${path}`), quotePath(`b/${path}`)];
  const text = modeLines(before, after) + content(path, before, after);
  return text && `diff --git ${a} ${b}\n${text}`;
}

/** How many lines a diff adds and removes; of a binary file that changed, none are counted. */
export function diffStat(before?: Side, after?: Side): { added: number; removed: number; binary: boolean } {
  if (sameBytes(before, after)) return { added: 0, removed: 0, binary: false };
  if (isBinarySide(before) || isBinarySide(after)) return { added: 0, removed: 0, binary: true };
  const changes = compareLines(linesOf(before), linesOf(after));
  const sum = (key: 'added' | 'removed') => changes.reduce((total, change) => total + change[key], 0);
  return { added: sum('added'), removed: sum('removed'), binary: false };
}

function modeLines(before: Side | undefined, after: Side | undefined): string {
  const mode = ({ executable }: Side) => (executable ? '100755' : '100644');
  if (!before || !after)
    return after ? `new file mode ${mode(after)}\n` : before ? `deleted file mode ${mode(before)}\n` : '';
  return before.executable === after.executable ? '' : `old mode ${mode(before)}\nnew mode ${mode(after)}\n`;
}

function content(path: string, before: Side | undefined, after: Side | undefined): string {
  if (sameBytes(before, after)) return '';
  const from = before ? quotePath(`a/${path}`) : '/dev/null';
  const to = after ? quotePath(`b/${path}`) : '/dev/null';
  if (isBinarySide(before) || isBinarySide(after)) return `Binary files ${from} and ${to} differ\n`;
  // Without the tab, a name ends at its first space for patch.
  const tab = (side?: Side) => (side && path.includes(' ') ? '\t' : '');
  return `--- ${from}${tab(before)}\n+++ ${to}${tab(after)}\n${hunks(linesOf(before), linesOf(after))}`;
}

function hunks(before: string[], after: string[]): string {
  const groups: Change[][] = [];
  for (const change of compareLines(before, after)) {
    const last = groups.at(-1)?.at(-1);
    if (last && change.from - last.from - last.removed <= 2 * CONTEXT) groups.at(-1)?.push(change);
    else groups.push([change]);
  }
  return groups.map((group) => hunk(before, after, group)).join('');
}

function hunk(before: string[], after: string[], changes: Change[]): string {
  const [first, last] = [changes[0], changes.at(-1)] as [Change, Change];
  const lead = Math.min(CONTEXT, first.from);
  const end = Math.min(last.from + last.removed + CONTEXT, before.length);
  const lines: string[] = [];
  let at = first.from - lead;
  const removed = end - at;
  const add = (sign: string, part: string[]) => lines.push(...part.map((line) => sign + ended(line)));
  for (const change of changes) {
    add(' ', before.slice(at, change.from));
    at = change.from + change.removed;
    add('-', before.slice(change.from, at));
    add('+', after.slice(change.to, change.to + change.added));
  }
  add(' ', before.slice(at, end));
  const added = last.to + last.added + end - at - first.to + lead;
  return `@@ -${range(first.from - lead, removed)} +${range(first.to - lead, added)} @@\n${lines.join('')}`;
}

/** An empty range is named after the line before it. */
function range(start: number, length: number): string {
  return length === 1 ? `${start + 1}` : `${length === 0 ? start : start + 1},${length}`;
}

function ended(line: string): string {
  return line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`;
}

function linesOf(side: Side | undefined): string[] {
  return splitLines(side?.bytes.toString() ?? '');
}

function isBinarySide(side: Side | undefined): boolean {
  return side !== undefined && isBinary(side.bytes);
}

/** No file has no bytes. */
function sameBytes(before: Side | undefined, after: Side | undefined): boolean {
  const none = Buffer.alloc(0);
  return (before?.bytes ?? none).equals(after?.bytes ?? none);
}

/** A path as git prints it: in quotes with escapes if it holds more than printable ASCII. */
function quotePath(path: string): string {
  if (/^[ !#-[\]-~]*$/.test(path)) return path;
  const escaped = (byte: number) => {
    const char = String.fromCharCode(byte);
    return ESCAPES.get(char) ?? (/[ -~]/.test(char) ? char : `\\${byte.toString(8).padStart(3, '0')}`);
  };
  return `"${[...Buffer.from(path)].map(escaped).join('')}"`;
}
