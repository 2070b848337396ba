import { median } from '../regenerate/command.mjs';
import { printTable } from '../table.mjs';

/** Seconds from an edit to the page that has it. */
const EDIT_GOAL = 0.5;

/** In: the subjects by letter, and by letter `{cold, warm, edit}`, each with its seconds. */
export function printResults(subjects, values) {
  const seconds = (list) => (list.length > 0 ? `${median(list).toFixed(2)} s` : '');
  console.log('seconds, medians; in the first round of a new engine nothing was built or downloaded before\n');
  const rows = [['', '', 'first page, first round', 'later', 'edit to page']];
  for (const [letter, { label }] of Object.entries(subjects)) {
    const { cold, warm, edit } = values[letter];
    rows.push([letter, label, seconds(cold), seconds(warm), seconds(edit)]);
  }
  printTable(rows);
  for (const other of Object.keys(subjects).filter((letter) => letter !== 'a'))
    for (const what of ['warm', 'edit']) {
      const ratio = median(values.a[what].map((value, round) => value / values[other][what][round]));
      console.log(`a / ${other}, ${what === 'warm' ? 'first page' : 'edit to page'}: ${ratio.toFixed(2)}`);
    }
  const edit = median(values.a.edit);
  console.log(`edit to page a ${edit.toFixed(2)} s (goal <= ${EDIT_GOAL} s) ${edit <= EDIT_GOAL ? 'met' : 'missed'}`);
}
