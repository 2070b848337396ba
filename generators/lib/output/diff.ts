import type { FileChange } from '../plan/changes.ts';
import { unifiedDiff } from '../text/unified.ts';
import { type Look, paint } from './style.ts';

/** Changes as `git apply` and `patch -p1` take them. */
export function diffText(changes: readonly FileChange[]): string {
  return changes.map(({ path, before, after }) => unifiedDiff(path, before, after)).join('');
}

/** A diff with the colours that git gives it. */
export function colourDiff(text: string, look: Pick<Look, 'colour'>): string {
  if (!look.colour) return text;
  let isHead = true;
  return text.replace(/^.+$/gm, (line) => {
    if (line.startsWith('diff --git ')) isHead = true;
    if (line.startsWith('@@')) isHead = false;
    if (isHead) return paint(look, 'bold', line);
    if (line.startsWith('@@')) return paint(look, 'cyan', line);
    if (line.startsWith('+')) return paint(look, 'green', line);
    return line.startsWith('-') ? paint(look, 'red', line) : line;
  });
}
