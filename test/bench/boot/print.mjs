/** The table of what was measured, and what it is worth beside the goals. */
import { printTable } from '../table.mjs';

/** `[label, letter, other, what, goal]`: the ratio of two medians is at most the goal, if there is one. */
const RATIOS = [
  ['a / c', 'a', 'c', 'boot', 0.5],
  ['a / d', 'a', 'd', 'boot', 1.35],
  ['b / e', 'b', 'e', 'boot', 0.5],
  ['b / f', 'b', 'f', 'boot', undefined],
  ['h / g', 'h', 'g', 'boot', 1],
  ['memory beside app and nginx a / c, PSS', 'a', 'c', 'pss', 1],
  ['memory beside app and nginx a / c, RSS', 'a', 'c', 'rss', 1],
  ['memory beside app and nginx h / g, PSS', 'h', 'g', 'pss', 1],
  ['memory beside app and nginx h / g, RSS', 'h', 'g', 'rss', 1],
];
/** Seconds that stopping `a` takes at most. */
const STOP_GOAL = 1;

/** In: the images by letter, and by letter the values of each round; milliseconds and MiB. */
export function printResults(subjects, values, rounds) {
  console.log(
    `medians of ${rounds} rounds (lowest..highest); memory is that of everything beside the application and nginx\n`,
  );
  const rows = [['', '', 'first page, ms', 'docker stop, ms', 'PSS, MiB', 'RSS, MiB']];
  for (const [letter, { label }] of Object.entries(subjects)) {
    const { boot, stop, pss, rss } = values[letter];
    rows.push([letter, label, spread(boot), spread(stop), spread(pss, 1), spread(rss, 1)]);
  }
  rows.push(['', 'docker run --rm IMAGE true', spread(values.empty.boot), '', '', '']);
  printTable(rows);
  for (const [label, letter, other, what, goal] of RATIOS) {
    const ratio = median(values[letter][what].map((value, round) => value / values[other][what][round]));
    const worth = goal ? ` (goal <= ${goal}) ${verdict(ratio <= goal)}` : '';
    console.log(`${label} ${ratio.toFixed(2)}${worth}`);
  }
  const seconds = median(values.a.stop) / 1000;
  console.log(`stop a ${seconds.toFixed(2)} s (goal <= ${STOP_GOAL} s) ${verdict(seconds <= STOP_GOAL)}`);
}

const verdict = (met) => (met ? 'met' : 'missed');

/** The median of the values, with the lowest and the highest. */
function spread(values, digits = 0) {
  if (values.length === 0) return '';
  const [middle, lowest, highest] = [median(values), Math.min(...values), Math.max(...values)];
  return `${middle.toFixed(digits)} (${lowest.toFixed(digits)}..${highest.toFixed(digits)})`;
}

/** The middle value; of an even number of values the mean of the two in the middle. */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}
