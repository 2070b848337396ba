/**
 * What an unknown word may have been meant to be.
 * @param before what comes before each known word, `--`
 * @returns ` (did you mean --name?)`, or nothing if no known word is near
 */
export function nearest(word: string, known: readonly string[], before = ''): string {
  const limit = 1 + Math.floor(word.length / 4);
  const [best] = known
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits);
  return best ? ` (did you mean ${before}${best.candidate}?)` : '';
}

/** How many letters to add, take away, replace or swap with the next one. */
export function distance(a: string, b: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, at(before, j - 2) + 1);
      row.push(edits);
    }
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

const at = (row: number[] | undefined, index: number) => row?.[index] ?? 0;
