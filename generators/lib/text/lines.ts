/** Lines of one text that replace lines of another: where they start, from 0, and how many there are. */
export interface Change {
  from: number;
  removed: number;
  to: number;
  added: number;
}

/** How far to look for common lines: half of the lines that may differ between those that both texts have. */
const MAX_COST = 5000;

/** One of two texts: a number for each line, equal lines having the same one, and which of them the other text lacks. */
interface Text {
  lines: number[];
  changed: boolean[];
}

/**
 * The fewest lines to remove from one text and to add so that the other comes out, found by Myers' algorithm in linear
 * space, and placed as git places them: at the lowest of several possible places.
 * @returns in the order of the texts; no two changes touch
 */
export function compareLines(before: readonly string[], after: readonly string[]): Change[] {
  const numbers = new Map<string, number>();
  for (const line of [...before, ...after]) if (!numbers.has(line)) numbers.set(line, numbers.size);
  const [a, b] = [before, after].map((lines) => ({
    lines: lines.map((line) => numbers.get(line) as number),
    changed: lines.map(() => false),
  })) as [Text, Text];
  search(a, b);
  const [gapsA, gapsB] = [gapsOf(a), gapsOf(b)];
  slide(a.lines, gapsA, gapsB);
  slide(b.lines, gapsB, gapsA);
  return changesOf(gapsA, gapsB);
}

/** Marks what is changed. Lines that only one text has are left out first: a rewritten text takes no time. */
function search(a: Text, b: Text): void {
  const [keptA, keptB] = [shared(a, b), shared(b, a)];
  const [linesA, linesB] = [keptA.map((i) => a.lines[i] as number), keptB.map((i) => b.lines[i] as number)];
  const boxes = [{ left: 0, right: keptA.length, top: 0, bottom: keptB.length }];
  for (let box = boxes.pop(); box; box = boxes.pop()) {
    let { left, right, top, bottom } = box;
    for (; left < right && top < bottom && linesA[left] === linesB[top]; left++) top++;
    for (; left < right && top < bottom && linesA[right - 1] === linesB[bottom - 1]; right--) bottom--;
    const point =
      left < right && top < bottom ? middle(linesA.slice(left, right), linesB.slice(top, bottom)) : undefined;
    if (point) {
      const [x, y] = [left + point.x, top + point.y];
      boxes.push({ left, right: x, top, bottom: y }, { left: x, right, top: y, bottom });
    } else {
      for (const i of keptA.slice(left, right)) a.changed[i] = true;
      for (const i of keptB.slice(top, bottom)) b.changed[i] = true;
    }
  }
}

/** The positions of the lines that the other text has too; the others are changed. */
function shared(text: Text, other: Text): number[] {
  const known = new Set(other.lines);
  text.changed = text.lines.map((line) => !known.has(line));
  return [...text.lines.keys()].filter((i) => !text.changed[i]);
}

/**
 * A point in the middle of a shortest path from one corner of the grid of two texts to the other: where the furthest
 * paths from both corners meet. On the diagonal k, x - y is k.
 * @returns nothing if the texts are so different that looking on would take seconds
 */
function middle(a: readonly number[], b: readonly number[]): { x: number; y: number } | undefined {
  const [width, height] = [a.length, b.length];
  const delta = width - height;
  // The x that is reached on each diagonal, from -height - 1 on; the outermost are never reached.
  const forward = new Int32Array(width + height + 3).fill(-1);
  const backward = new Int32Array(width + height + 3).fill(width + 1);
  const at = (k: number) => k + height + 1;
  const reached = (paths: Int32Array, k: number) => paths[at(k)] as number;
  for (let cost = 0; cost < MAX_COST; cost++) {
    for (let k = cost; k >= -cost; k -= 2) {
      if (k > width || k < -height) continue;
      let x = Math.max(reached(forward, k - 1) + 1, reached(forward, k + 1));
      while (x < width && x - k < height && a[x] === b[x - k]) x++;
      forward[at(k)] = x;
      if (delta % 2 !== 0 && Math.abs(k - delta) < cost && reached(backward, k) <= x) return { x, y: x - k };
    }
    for (let k = delta + cost; k >= delta - cost; k -= 2) {
      if (k > width || k < -height) continue;
      let x = Math.min(reached(backward, k - 1), reached(backward, k + 1) - 1);
      while (x > 0 && x > k && a[x - 1] === b[x - k - 1]) x--;
      backward[at(k)] = x;
      if (delta % 2 === 0 && Math.abs(k) <= cost && x <= reached(forward, k)) return { x, y: x - k };
    }
  }
  return undefined;
}

/** How many changed lines are before each unchanged one, and at the end: as many gaps in both texts. */
function gapsOf({ changed }: Text): number[] {
  const gaps = [0];
  for (const isChanged of changed) {
    if (isChanged) gaps[gaps.length - 1] = (gaps.at(-1) as number) + 1;
    else gaps.push(0);
  }
  return gaps;
}

/**
 * Moves each group of changed lines down as far as equal lines let it, or to the lowest place where the other text has a
 * group too; groups that meet become one.
 */
function slide(lines: readonly number[], gaps: number[], others: readonly number[]): void {
  let start = 0;
  for (let gap = 0; gap < gaps.length; gap++, start++) {
    const length = () => gaps[gap] as number;
    const move = (step: 1 | -1) => {
      const moved = length();
      gaps[gap] = 0;
      gap += step;
      // A group above joins at the top.
      start += step > 0 ? 1 : -1 - length();
      gaps[gap] = length() + moved;
    };
    let before = 0;
    let lowest = -1;
    while (length() !== before) {
      before = length();
      while (gap > 0 && lines[start - 1] === lines[start + length() - 1]) move(-1);
      lowest = others[gap] ? gap : -1;
      while (gap < gaps.length - 1 && lines[start] === lines[start + length()]) {
        move(1);
        if (others[gap]) lowest = gap;
      }
    }
    while (lowest >= 0 && gap > lowest) move(-1);
    start += length();
  }
}

function changesOf(removed: number[], added: number[]): Change[] {
  const changes: Change[] = [];
  let [from, to] = [0, 0];
  for (const [gap, count] of removed.entries()) {
    const change = { from, removed: count, to, added: added[gap] as number };
    if (change.removed + change.added > 0) changes.push(change);
    from += change.removed + 1;
    to += change.added + 1;
  }
  return changes;
}
