import type { Plan, PlannedFile } from '../plan/types.ts';
import { wrap } from '../text/wrap.ts';
import { type Colour, paint, type Style } from './style.ts';

const MAX_LINES = 40;
/** A space at which no line is broken. */
const TIED = '\u00a0';

type Mark = keyof typeof MARKS;
const MARKS = {
  '+': { colour: 'green', meaning: 'new' },
  '~': { colour: 'yellow', meaning: 'changed' },
  '*': { colour: 'yellow', meaning: 'merged with your edits' },
  '-': { colour: 'red', meaning: 'removed' },
  '!': { colour: 'red', meaning: 'conflict' },
  '=': { colour: 'dim', meaning: 'left as you have it' },
} satisfies Record<string, { colour: Colour; meaning: string }>;

interface Folder {
  name: string;
  folders: Map<string, Folder>;
  files: { name: string; mark: Mark }[];
  depth: number;
  isFolded: boolean;
}

/**
 * The files of a plan as a tree, folders first: what is new, changed, merged, removed, in conflict or left to the user.
 * Deep folders are shown as a count if there would be too many lines.
 */
export function tree({ files, sidecars }: Pick<Plan, 'files' | 'sidecars'>, style: Style): string {
  const marked = [
    ...files.map((file) => ({ path: file.path, mark: markOf(file) })),
    ...[...sidecars].map(([path, { before }]) => ({ path, mark: before ? '~' : '+' }) as const),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const root = folder('', -1);
  for (const { path, mark } of marked) {
    const names = path.split('/');
    const name = names.pop() as string;
    names.reduce(below, root).files.push({ name, mark });
  }
  fold(root);
  const lines = linesOf(root, style);
  const shown = lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES - 1), '    …'] : lines;
  const used = (Object.keys(MARKS) as Mark[]).filter((mark) => marked.some((file) => file.mark === mark));
  const legend = used.map((mark) => `${mark} ${MARKS[mark].meaning}`.replaceAll(' ', TIED)).join(', ');
  return `${shown.join('\n')}\n\n  (${wrap(`${marked.length} ${marked.length === 1 ? 'file' : 'files'}: ${legend}`, style.width - 1, 3)})`.replaceAll(
    TIED,
    ' ',
  );
}

function markOf({ action, resolved, before, after }: PlannedFile): Mark {
  if (action === 'conflict' && !resolved) return '!';
  if (before === after) return '=';
  if (!after) return '-';
  if (!before) return '+';
  return action === 'merged' ? '*' : '~';
}

function folder(name: string, depth: number): Folder {
  return { name, folders: new Map(), files: [], depth, isFolded: false };
}

function below(parent: Folder, name: string): Folder {
  const found = parent.folders.get(name) ?? folder(name, parent.depth + 1);
  parent.folders.set(name, found);
  return found;
}

/** Folds the deepest folders, the largest first, until the tree is short enough. */
function fold(root: Folder): void {
  const open = everyFolder(root).sort((a, b) => b.depth - a.depth || lineCount(b) - lineCount(a));
  for (const next of open) {
    if (lineCount(root) <= MAX_LINES) return;
    next.isFolded = true;
  }
}

function everyFolder({ folders }: Folder): Folder[] {
  return [...folders.values()].flatMap((inner) => [inner, ...everyFolder(inner)]);
}

function lineCount({ folders, files, isFolded }: Folder): number {
  if (isFolded) return 0;
  return files.length + [...folders.values()].reduce((sum, inner) => sum + 1 + lineCount(inner), 0);
}

function linesOf({ folders, files, depth }: Folder, style: Style): string[] {
  const line = (mark: Mark | ' ', text: string) => {
    const painted = mark === ' ' ? mark : paint(style, MARKS[mark].colour, mark);
    return `  ${painted} ${'  '.repeat(depth + 1)}${text}`;
  };
  return [
    ...[...folders.values()].flatMap((inner) => {
      const marks = marksBelow(inner);
      const [first, ...others] = new Set(marks);
      const head = `${inner.name}/${inner.isFolded ? ` (${counted(marks)})` : ''}`;
      const mark = first && others.length === 0 ? first : ' ';
      return [line(mark, head), ...(inner.isFolded ? [] : linesOf(inner, style))];
    }),
    ...files.map(({ name, mark }) => line(mark, name)),
  ];
}

function marksBelow({ folders, files }: Folder): Mark[] {
  return [...files.map(({ mark }) => mark), ...[...folders.values()].flatMap(marksBelow)];
}

/** `12 files`, or `12 files: 10 +, 2 ~`. */
function counted(marks: Mark[]): string {
  const kinds = [...new Set(marks)];
  const each = kinds.map((kind) => `${marks.filter((mark) => mark === kind).length} ${kind}`).join(', ');
  return `${marks.length} ${marks.length === 1 ? 'file' : 'files'}${kinds.length > 1 ? `: ${each}` : ''}`;
}
