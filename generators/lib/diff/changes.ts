import { type Look, paint } from '../look.ts';
import type { Plan } from '../plan/plan.ts';
import { type Side, unifiedDiff } from './unified.ts';

/** What becomes of one file. */
export interface FileChange {
  path: string;
  before: Side | undefined;
  after: Side | undefined;
}

/** What a plan writes for the user; not what the engine keeps for itself. */
export function changesOf({ files, sidecars }: Pick<Plan, 'files' | 'sidecars'>): FileChange[] {
  return [
    ...files.filter(({ before, after }) => before !== after),
    ...[...sidecars].map(([path, sides]) => ({ path, ...sides })),
  ];
}

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
