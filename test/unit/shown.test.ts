import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paint } from '../../generators/lib/output/style.ts';
import { shown } from '../../generators/lib/text/shown.ts';

describe('a text of a project on a terminal', () => {
  test.each([
    ['\x1b[2J', '\\u001b[2J'],
    ['\x9b2J\x7f', '\\u009b2J\\u007f'],
    ['\x07\r\b', '\\u0007\\u000d\\u0008'],
    ['\u202etxt.exe\u2066', '\\u202etxt.exe\\u2066'],
    ['a\n\tb \u00e9 \u{1f600}', 'a\n\tb \u00e9 \u{1f600}'],
    ['\x1b[31mred', '\\u001b[31mred'],
  ])('%j is shown', (text, expected) => expect(shown(text)).toBe(expected));

  test('our own colours stay where colours are shown', () => {
    const red = paint({ colour: true }, 'red', 'a\x1b[2Jb');
    expect(shown(red, { colour: true })).toBe('\x1b[31ma\\u001b[2Jb\x1b[0m');
    expect(shown(red)).not.toContain('\x1b');
  });

  test('whatever it is, it stays one and the same JSON text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(shown(text)).not.toMatch(/[^\P{Cc}\n\t]|\p{Bidi_Control}/u);
        expect(JSON.parse(shown(JSON.stringify(text)))).toBe(text);
      }),
    );
  });
});
