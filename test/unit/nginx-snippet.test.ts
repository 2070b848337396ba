import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBalancedRegex, isWholeSnippet } from '../../generators/lib/model/nginx-snippet.ts';
import { CASES, SEED } from '../support/cases.ts';
import { snippet, whole } from '../support/snippets.ts';

/**
 * What nginx makes of some lines in a block, after ngx_conf_read_token: how deep it is at each `}` and at the end.
 * @returns undefined where nginx stops with an error before that
 */
function depths(text: string): { least: number; last: number } | undefined {
  let [depth, least, words] = [0, 0, 0];
  let quote = '';
  let [atStart, needsSpace, escaped, variable, comment] = [true, false, false, false, false];
  const isBlank = (char: string) => ' \t\r\n'.includes(char);
  for (const char of text) {
    if (comment) {
      comment = char !== '\n';
      continue;
    }
    if (escaped) {
      escaped = false;
      continue;
    }
    if (needsSpace) {
      needsSpace = false;
      atStart = true;
      if (isBlank(char)) continue;
      if (!';{)'.includes(char)) return undefined;
    }
    if (atStart) {
      if (isBlank(char)) continue;
      if (char === ';' || char === '{') {
        if (words === 0) return undefined;
        words = 0;
        if (char === '{') depth += 1;
      } else if (char === '}') {
        if (words > 0) return undefined;
        depth -= 1;
        least = Math.min(least, depth);
      } else if (char === '#') {
        comment = true;
      } else {
        atStart = false;
        words += 1;
        if (char === '\\') escaped = true;
        else if (char === '"' || char === "'") quote = char;
        else variable = char === '$';
      }
      continue;
    }
    if (char === '{' && variable) continue;
    variable = false;
    if (char === '\\') escaped = true;
    else if (char === '$') variable = true;
    else if (quote) {
      if (char === quote) [quote, needsSpace] = ['', true];
    } else if (isBlank(char)) {
      atStart = true;
    } else if (char === ';' || char === '{') {
      atStart = true;
      words = 0;
      if (char === '{') depth += 1;
    }
  }
  // What is not whole goes on in the line that follows.
  return { least, last: words > 0 || escaped || quote !== '' ? Number.NaN : depth };
}

test('what is a whole snippet cannot leave its block, as nginx reads it', () => {
  fc.assert(
    fc.property(snippet, (text) => {
      if (!isWholeSnippet(text)) return;
      expect(depths(text) ?? { least: 0, last: 0 }).toEqual({ least: 0, last: 0 });
    }),
    { numRuns: 200 * CASES, seed: SEED },
  );
});

test('whole directives, with whatever in quotes and comments, are a snippet', () => {
  fc.assert(
    fc.property(whole, (text) => {
      expect(isWholeSnippet(text)).toBe(true);
    }),
    { numRuns: 10 * CASES, seed: SEED },
  );
});

test.each([
  'set $a \u00a0# ; }\n x;',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: nginx's own
  'set $a ${{ ; } x;',
  'set $a \f# ; }\n x;',
])('%j would leave its block', (text) => {
  expect(isWholeSnippet(text)).toBe(false);
});

test('a regular expression is balanced if and only if each bracket that opens a group is closed', () => {
  for (const sound of ['', '(a|[()])', '\\(', '[]a(]', '[^])]', '[[:alpha:](]', '(?<n>x)\\\\', 'x{2}'])
    expect(isBalancedRegex(sound), sound).toBe(true);
  for (const wrong of ['(', ')', ')(', '[', '[]', 'a\\', '(\\)', '[^]', '(]'])
    expect(isBalancedRegex(wrong), wrong).toBe(false);
});
