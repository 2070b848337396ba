import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';
import { printResults as printBoot } from '../bench/boot/print.mjs';
import { printResults as printBuild } from '../bench/build/print.mjs';
import { printResults as printDay } from '../bench/day/print.mjs';

const page = readFileSync(join(packageRoot, 'docs/benchmarks.md'), 'utf8');
/** The goals of printed lines, each with the words before its number, and whether that number meets it. */
const goalsOf = (text: string) =>
  [...text.matchAll(/^(.+?) (-?[\d.]+)(?: s| MB)? \(goal ([<>]=) ([\d.]+)(?: s)?\) (\w+)$/gm)].map(
    ([, what, value, sign, goal, verdict]) => ({
      what: `${what} ${sign} ${goal}`,
      value: Number(value),
      sign,
      goal: Number(goal),
      verdict,
    }),
  );
const printed = (print: () => void) => {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line));
  print();
  log.mockRestore();
  return lines.join('\n');
};
const letters = <Value>(names: string, value: (letter: string) => Value) =>
  Object.fromEntries([...names].map((letter) => [letter, value(letter)]));
const boot = printed(() => {
  const measured = () => ({ boot: [1000, 1100], stop: [300], pss: [20], rss: [30] });
  printBoot(
    letters('abcdefgh', (label) => ({ label })),
    { ...letters('abcdefgh', measured), empty: { boot: [500] } },
    2,
  );
});
const build = (names: string) =>
  printed(() => {
    const subjects = letters(names, (label) => ({ label, size: () => 1e6 }));
    const values = { seconds: letters(names, () => [1, 2, 3]), bytes: letters(names, () => 1.01e6) };
    printBuild(subjects, false, values, 3);
  });

const day = printed(() =>
  printDay(
    letters('abcd', (label) => ({ label })),
    letters('abcd', () => ({ cold: [9], warm: [1, 2], edit: [0.3, 0.6] })),
  ),
);

describe('docs/benchmarks.md', () => {
  const blocks = page.split('```').filter((_, index) => index % 2);
  test('has goals that the benchmarks print, and says of each number what is true', () => {
    const goals = blocks.flatMap(goalsOf);
    const known = goalsOf(`${boot}\n${build('abc')}\n${day}`).map(({ what }) => what);
    expect(goals.length).toBeGreaterThan(8);
    for (const { what, value, sign, goal, verdict } of goals)
      expect([what, verdict]).toEqual([
        known.find((each) => each === what),
        (sign === '<=' ? value <= goal : value >= goal) ? 'met' : 'missed',
      ]);
  });
  test('has each goal of a printed line in the table at the top, with the same number', () => {
    const [, table = ''] = /\| measured \| goal \|\n\|.*\n((\|.*\n)+)/.exec(page) ?? [];
    for (const { what, value, sign, goal, verdict } of blocks.flatMap(goalsOf)) {
      const words = `${sign === '<=' ? 'at most' : 'at least'} ${goal}`;
      const rows = table.split('\n').filter((row) => row.includes(`| ${words} `));
      const measured = rows.map((row) => /\| ([\d.]+)( s| MB)?(, missed)? \| at /.exec(row) ?? []);
      expect([what, measured.map(([, number, , isMissed]) => [Number(number), isMissed ? 'missed' : 'met'])]).toEqual([
        what,
        expect.arrayContaining([[value, verdict]]),
      ]);
    }
  });
  test('marks each number of its tables that misses its goal, and no other', () => {
    const rows = page.split('\n').flatMap((line) => {
      const cells = line.split('|').map((cell) => cell.trim());
      return cells
        .map((cell) => /^(?:.*goal: )?(at most|at least) ([\d.]+)/.exec(cell))
        .flatMap((goal, column) =>
          goal ? [{ line, goal, cell: cells[goal[0].includes('goal:') ? column : column - 1] ?? '' }] : [],
        );
    });
    expect(rows.length).toBeGreaterThan(8);
    for (const { line, goal, cell } of rows) {
      const value = Number.parseFloat(cell);
      const isMet = goal[1] === 'at most' ? value <= Number(goal[2]) : value >= Number(goal[2]);
      expect([line, cell.includes('missed')]).toEqual([line, !isMet]);
    }
  });
});

describe('a benchmark of rebuilding', () => {
  test('prints nothing of 0.2.0 where it was left out', () => {
    expect(build('ab')).not.toMatch(/NaN|Infinity|^c/m);
    expect(build('abc')).toMatch(/^c \/ a 1\.0 \(goal >= 6\) missed$/m);
  });
});

describe('a benchmark of starting', () => {
  test('holds a start against a shell script, and a changed pillar and its memory against 0.2.0', () => {
    const goals = goalsOf(boot).map(({ what }) => what);
    expect(goals).toEqual(
      expect.arrayContaining(['a / d <= 1.35', 'h / g <= 1', 'memory beside app and nginx h / g, PSS <= 1']),
    );
    expect(boot).not.toContain('NaN');
  });
});
