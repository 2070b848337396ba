import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { merge3 } from '../../generators/lib/text/merge3.ts';
import { mergeSettings, mergeShortened } from '../../generators/lib/text/shortened.ts';
import { takeSide } from '../../generators/lib/text/take-side.ts';

const LABELS = { ours: 'yours', base: 'makina-image 1', theirs: 'makina-image 2' };
const merged = (base: string, ours: string, theirs: string, how = mergeShortened) => {
  const [b, o, t] = [base, ours, theirs].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  const result = merge3(b, o, t, LABELS, how);
  if (result.kind === 'whole') throw new Error(result.reason);
  return { kind: result.kind, text: result.bytes.toString(), bytes: result.bytes };
};

const BASE =
  '{% set cfg = opts.x %}\n{% set path = cfg.y ~ "/z" %}\n{% for name in cfg.z %}\n{% set one = name %}\na: {{ one }}\n{% endfor %}\n\nb: 1\n';
const NEW = 'include: [b]\n';

describe('a file that became a few lines', () => {
  test.each<[string, string, string | undefined]>([
    ['nothing', '\nc: 1\n', '\nc: 1\n'],
    ['a variable', '\nc: {{ cfg.y }}\n', '{% set cfg = opts.x %}\n\nc: {{ cfg.y }}\n'],
    [
      'a variable of another',
      '\nc: {{ path }}\n',
      '{% set cfg = opts.x %}\n{% set path = cfg.y ~ "/z" %}\n\nc: {{ path }}\n',
    ],
    ['its own variable', '{% set path = 1 %}\nc: {{ path }}\n', '{% set path = 1 %}\nc: {{ path }}\n'],
    [
      'its own loop',
      '{% for name in [1] %}\nc: {{ name }}\n{% endfor %}\n',
      '{% for name in [1] %}\nc: {{ name }}\n{% endfor %}\n',
    ],
    ['the word alone', '\nc: path {{ "path" }}\n', '\nc: path {{ "path" }}\n'],
    ['the variable of a loop', '\nc: {{ name }}\n', undefined],
    ['what that sets', '\nc: {{ one }}\n', undefined],
    ['another include', '\ninclude: [c]\n', undefined],
  ])('keeps what reads %s below it, or shows it', (_, below, kept) => {
    const { kind, text } = merged(BASE, BASE + below, NEW);
    if (kept !== undefined) expect([kind, text]).toEqual(['clean', NEW + kept]);
    else expect([kind, text]).toEqual(['conflict', expect.stringContaining(`<<<<<<< yours\n${below}|||||||`)]);
  });

  const PYTHON =
    'import os, signal\nfrom a.b import (\n    c,\n    d as e,\n)\n\nSTEPS = 1\n\n\ndef old():\n    pass\n\n\nx, y = 1, 2\n';
  test.each<[string, string, boolean]>([
    ['nothing that went', 'def mine(name):\n    return os.path.join(name.STEPS)  # as ever\n', true],
    ['a name of a comment', '# STEPS of old\nmine = 1\n', true],
    ['a name of its own', 'import signal\nSTEPS = 2\nmine = signal, STEPS\n', true],
    ['what it imports itself', 'def mine():\n    from z import (old)\n    return old\n', true],
    ['an import that went', 'mine = signal.SIGTERM\n', false],
    ['what was imported from another', 'mine = c\n', false],
    ['another name of that', 'mine = e\n', false],
    ['a value', "mine = f'{STEPS}'\n", false],
    ['a function', 'mine = old()\n', false],
    ['one of two values', 'mine = y\n', false],
  ])('keeps Python below it that reads %s, or shows it', (_, below, isKept) => {
    const { kind, text } = merged(PYTHON, `${PYTHON}\n\n${below}`, 'import os\n');
    if (isKept) expect([kind, text]).toEqual(['clean', `import os\n\n\n${below}`]);
    else expect([kind, text]).toEqual(['conflict', expect.stringContaining(below)]);
  });

  test.each<[string, string, string, string]>([
    ['at the top', '# mine\n\n', BASE, NEW],
    ['below the first line of a script', '# mine\n', `#!/bin/sh\n${BASE}`, `#!/bin/sh\n${NEW}`],
  ])('keeps a comment %s', (_, comment, base, theirs) => {
    const place = base.startsWith('#!') ? '#!/bin/sh\n' : '';
    const put = (text: string) => `${place}${comment}${text.slice(place.length)}`;
    expect(merged(base, put(base), theirs)).toMatchObject({ kind: 'clean', text: put(theirs) });
    expect(merged(base, `${put(base)}c: 1\n`, theirs)).toMatchObject({ kind: 'clean', text: `${put(theirs)}c: 1\n` });
  });
  test.each(['c: 1\n', '#!mine\n', '{# a #}\n'])('shows %j above it', (above) => {
    expect(merged(BASE, above + BASE, NEW).text).toContain(`<<<<<<< yours\n${above}`);
  });

  const line = fc.constantFrom(
    'a: 1\n',
    'b: 2\n',
    '\n',
    '    c: 3\n',
    '      d: 4\n',
    '{{ x }}\n',
    '{% set x = 1 %}\n',
    '<<<<<<< a\n',
  );
  const lines = fc.array(line, { maxLength: 30 });
  test.each([
    ['code', mergeShortened],
    ['settings', mergeSettings],
  ])('%s loses no line of its owner, and gives back the new file', (_, how) => {
    fc.assert(
      fc.property(lines, lines, fc.array(line, { maxLength: 5 }), fc.nat(30), (base, added, theirs, at) => {
        const own = added.map((text, index) => text.replace('\n', ` mine${index}\n`));
        const ours = [...base.slice(0, at), ...own, ...base.slice(at + 1)];
        const { text, bytes, kind } = merged(base.join(''), ours.join(''), theirs.join(''), how);
        for (const each of own) expect(text).toContain(each);
        if (kind === 'clean' || how === mergeSettings) return;
        expect(takeSide(bytes, 'theirs').toString()).toMatch(
          new RegExp(`^${theirs.join('').replace(/[{}|%\n]/g, '[^]')}`),
        );
        for (const each of own) expect(takeSide(bytes, 'ours').toString()).toContain(each);
      }),
    );
  });

  test.each([
    ['braces without end', '{{ '.repeat(100_000)],
    ['quotes without end', `{{ ${"'".repeat(99_999)} }}`],
    ['words without end', `{% import ${'x'.repeat(100_000)}`],
    ['imports without end', 'import (\n'.repeat(30_000)],
    ['requisites', '- file: a\n'.repeat(30_000)],
    ['values without end', `- file: ${'{{a'.repeat(30_000)}`],
    ['a requisite without end', `- file: a${' '.repeat(100_000)}b`],
    ['blanks', `{% set${' '.repeat(100_000)}`],
  ])('takes no time for %s', (_, below) => {
    const start = performance.now();
    merged(BASE, `${BASE}${below}\n`, `${NEW}# makina-projects.a.runtime.states\n`);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
