/** The table of what was measured, and what it is worth beside the goals. */

/**
 * In: the projects by letter, whether BuildKit built them, what was measured, by letter, and the number of rounds.
 * Without c it was left out.
 */
export function printResults(subjects, kit, { seconds, bytes }, rounds) {
  console.log(
    `\n${kit ? 'BuildKit' : 'the legacy builder'}: build after an edit of one line, median of ${rounds} rounds (lowest..highest)\n`,
  );
  for (const [letter, { label }] of Object.entries(subjects)) {
    const times = seconds[letter];
    const spread = `${median(times).toFixed(1)} s (${Math.min(...times).toFixed(1)}..${Math.max(...times).toFixed(1)})`;
    console.log(`${letter}  ${label.padEnd(29)}  ${spread.padEnd(22)}  ${(bytes[letter] / 1e6).toFixed(2)} MB new`);
  }
  console.log('');
  const toHand = ratio(seconds.a, seconds.b);
  console.log(`a / b ${toHand.toFixed(2)} (goal <= 1.5) ${verdict(toHand <= 1.5)}`);
  if (subjects.c) {
    const toOld = ratio(seconds.c, seconds.a);
    console.log(`c / a ${toOld.toFixed(1)} (goal >= 6) ${verdict(toOld >= 6)}`);
  }
  const more = (bytes.a - subjects.b.size()) / 1e6;
  console.log(`new bytes of a beyond the code's own ${more.toFixed(2)} MB (goal <= 1) ${verdict(more <= 1)}`);
}

const verdict = (met) => (met ? 'met' : 'missed');

/** The median of the ratios of the rounds that both have. */
function ratio(these, those) {
  const rounds = Math.min(these.length, those.length);
  return median(these.slice(0, rounds).map((value, round) => value / those[round]));
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}
