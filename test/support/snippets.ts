import fc from 'fast-check';

const pieces = [
  'x',
  ' ',
  '\n',
  ';',
  '{',
  '}',
  '"',
  "'",
  '\\',
  '#',
  '$',
  '${',
  '$x',
  ')',
  '\t',
  '\r',
  '\f',
  '\v',
  '\u00a0',
  '\u2028',
  '\ufeff',
  'é',
  '🎉',
  'set $x ',
  ' {\n',
  ';\n',
  '}\n',
]; // prettier-ignore
const word = fc.oneof(
  fc.stringMatching(/^[a-z]{1,4}$/),
  fc.string({ unit: fc.constantFrom(...pieces) }).map((text) => `"${text.replace(/[\\"]/g, '\\$&')}"`),
  fc.string({ unit: fc.constantFrom(...pieces) }).map((text) => `'${text.replace(/[\\']/g, '\\$&')}'`),
);
/** Whole directives, with whatever in quotes and comments. */
export const { whole } = fc.letrec((tie) => ({
  words: fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' ')),
  directive: fc.oneof(
    { maxDepth: 3 },
    tie('words').map((words) => `${words};`),
    fc.constant('# } " {\n'),
    fc.tuple(tie('words'), tie('whole')).map(([words, inside]) => `${words} {${inside}}`),
  ),
  whole: fc.array(tie('directive'), { maxLength: 3 }).map((directives) => directives.join('')),
})) as unknown as { whole: fc.Arbitrary<string> };
const disturbed = (sound: fc.Arbitrary<string>) =>
  fc
    .tuple(sound, fc.nat(), fc.nat(4), fc.array(fc.constantFrom(...pieces), { maxLength: 4 }))
    .map(([text, at, gone, more]) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + more.join('') + text.slice(from + gone);
    });
const anything = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''));

/** Lines that may be whole directives. */
export const snippet = fc.oneof(disturbed(whole), anything);

/** The same, of directives that nginx knows in a server: it does not stop before it has read them. */
export const knownSnippet = disturbed(
  fc
    .array(
      fc.oneof(
        word.map((word) => `set $own ${word};\n`),
        word.map((word) => `if ($own = ${word}) { set $own ${word}; }\n`),
        fc.constant('# } " {\n'),
      ),
      { maxLength: 3 },
    )
    .map((directives) => directives.join('')),
);
