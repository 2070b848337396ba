import type { FileChange } from '../plan/changes.ts';
import { unifiedDiff } from '../text/unified.ts';
import { paint, type Style } from './style.ts';

/** Changes as `git apply` and `patch -p1` take them. */
export function diffText(changes: readonly FileChange[]): string {
  return changes.map(({ path, before, after }) => unifiedDiff(path, before, after)).join('');
}

/** A diff with the colours that git gives it. */
export function colourDiff(text: string, style: Pick<Style, 'colour'>): string {
  if (!style.colour) return text;
  let isHead = true;
  return text.replace(/^.+$/gm, (line) => {
    if (line.startsWith('diff --git ')) isHead = true;
    if (line.startsWith('@@')) isHead = false;
    if (isHead) return paint(style, 'bold', line);
    if (line.startsWith('@@')) return paint(style, 'cyan', line);
    if (line.startsWith('+')) return paint(style, 'green', line);
    return line.startsWith('-') ? paint(style, 'red', line) : line;
  });
}
