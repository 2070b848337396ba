import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as yaml from 'yaml';
import { answersInYaml } from '../../generators/lib/answers/answers-file.ts';
import { commentsOf, editedAnswers, lineOfAnswer, newAnswersText } from '../../generators/lib/answers/edit.ts';
import { canonicalIntent, type Intent, merge } from '../../generators/lib/model/intent.ts';
import { CASES, SEED } from '../support/cases.ts';

const meaning = (text: string) => canonicalIntent(answersInYaml(yaml, 'answers.yaml', text));
/** The text after a change of its answers, which must mean just that. */
function changed(text: string, change: Intent): string {
  const wanted = merge(answersInYaml(yaml, 'answers.yaml', text), change);
  const after = editedAnswers(yaml, 'answers.yaml', text, wanted);
  expect(meaning(after)).toEqual(canonicalIntent(wanted));
  return after;
}
const comments = (text: string) => commentsOf(yaml, text).map(({ source }) => source.trim());

const FILE = `# The shop.
name: shop   # never changes
packages:
  - curl  # for the health check
  # images
  - 'libjpeg62-turbo'
ci: [github]
programs:
  # the demo's
  web: null

  api: &api   # the API
    cmd: "sleep 9"  # for now
    env: { A: '1', B: x }
    # two are enough
    numprocesses: 2
  again: *api
  more:
    <<: *api
    cmd: sleep 3

# the end
app:
  greeting: |
    Hello
    there
`;
const WORKER = { programs: { worker: { cmd: "say 'it': #1", env: { Z: 'yes', M: 'a\nb\n', N: '0644', L: ' x ' } } } };

describe('an answers file that a person edits', () => {
  test.each([
    ['with comments, anchors and a merge key', FILE],
    ['with Windows line ends', FILE.replaceAll('\n', '\r\n')],
    ['with a byte order mark', `\uFEFF${FILE}`],
    ['without a last line break', FILE.trimEnd()],
    ['of one line', 'name: shop'],
    ['with wide indentation', 'name: shop\nprograms:\n    api:\n        cmd: sleep 9\n'],
    ['with lists that are not indented', 'name: shop\npackages:\n- curl\n- jq\nprograms:\n  api:\n    cmd: x\n'],
    ['in JSON', '{"name": "shop", "programs": {"api": {"cmd": "sleep 9"}}}\n'],
    ['with the marks of a document', '---\nname: shop\nprograms:\n  api:\n    cmd: x # y\n...\n'],
    ['with text of several lines at the end', 'name: shop\nprograms:\n  api:\n    cmd: |+\n      sleep 9\n\n'],
    ['with tabs before comments', 'name: shop\t# x\nprograms:\t# y\n  api:\n    cmd: x\t# z\n'],
  ])('%s: what is added and removed again leaves each byte', (_, text) => {
    const more = changed(text, WORKER);
    expect(comments(more)).toEqual(comments(text));
    expect(changed(more, { programs: { worker: null } })).toBe(text);
  });

  test('keeps quotes, comments, order and all other lines', () => {
    const after = changed(FILE, {
      packages: ['curl', 'jq'],
      ci: ['github', 'gitlab'],
      programs: { more: { cmd: 'sleep "4"' } },
      app: { answer: 42 },
    });
    const lines = FILE.split('\n');
    const swapped: Record<string, string> = {
      "  - 'libjpeg62-turbo'": "  - 'jq'",
      'ci: [github]': 'ci: [github, gitlab]',
      '    cmd: sleep 3': '    cmd: sleep "4"',
    };
    const wanted = lines.map((line) => swapped[line] ?? line).join('\n');
    expect(after).toBe(`${wanted}  answer: 42\n`);
  });

  test('writes out what an alias showed, when its anchor changes', () => {
    const after = changed(FILE, { programs: { api: { cmd: 'sleep 5', env: { B: null } } } });
    expect(after).toContain('  again:\n    cmd: sleep 9\n');
    expect(after).toContain('cmd: "sleep 5"  # for now\n    env: { A: \'1\' }\n');
    expect(comments(after)).toEqual(comments(FILE));
  });

  test('refuses to remove an anchor that is in use, with both lines', () => {
    expect(() => changed(FILE, { programs: { api: null } })).toThrow(
      'answers.yaml:12: what goes there has the anchor &api, which line 17 uses',
    );
    const less = changed(changed(FILE, { programs: { again: null } }), { programs: { more: null } });
    expect(changed(less, { programs: { api: null } })).toContain('  web: null\n\n\n# the end');
  });

  test.each<[string, string, Intent, string]>([
    [
      'the last entry',
      'name: x\nprograms:\n  # here\n  w:\n    cmd: a\n',
      { programs: { w: null } },
      'name: x\nprograms: {}\n  # here\n',
    ],
    [
      'a removal',
      'name: x\nvhosts: null # none\n',
      { vhosts: { a: { domain: 'a.b' } } },
      'name: x\nvhosts: # none\n  a:\n    domain: a.b\n  localhost: null\n',
    ],
    [
      'an empty value',
      'name: x\nprograms:\npublish: 9\n',
      { programs: { w: { cmd: 'a' } } },
      'name: x\nprograms:\n  w:\n    cmd: a\n  web: null\npublish: 9\n',
    ],
    [
      'an empty mapping',
      'name: x\nprograms: {}\n',
      { programs: { w: { cmd: 'a' } } },
      'name: x\nprograms:\n  w:\n    cmd: a\n',
    ],
    [
      'the last one of a line',
      'name: x\napp:\n  a: { b: c } # d\n',
      { app: { a: { b: null } } },
      'name: x\napp:\n  a: {  } # d\n',
    ],
    ['a whole list', 'name: x\npackages: [a, b] # c\n', { packages: [] }, 'name: x\npackages: [] # c\n'],
    [
      'a list, to several',
      'name: x\npackages: [] # c\n',
      { packages: ['a', 'b'] },
      'name: x\npackages: # c\n  - a\n  - b\n',
    ],
  ])('changes %s', (_, before, change, after) => expect(changed(before, change)).toBe(after));

  test.each([
    ['a key twice', 'name: a\nname: b\n', 'at line 2'],
    ['a tab', 'name: a\nprograms:\n\tweb: null\n', 'at line 3'],
    ['endless aliases', 'name: a\napp: &a {b: *a}\n', 'nested too deep'],
    [
      'many aliases',
      `name: a\napp:\n  a0: &a0 [1]\n${[1, 2, 3, 4, 5, 6]
        .map(
          (n) =>
            `  a${n}: &a${n} [${Array(9)
              .fill(`*a${n - 1}`)
              .join(', ')}]\n`,
        )
        .join('')}`,
      'alias',
    ],
    ['two documents', 'name: a\n---\nname: b\n', 'several documents'],
    ['a word that readers disagree about', 'name: a\napp:\n  on: yes\n', '3:7'],
    ['a list', '- a\n', 'must hold one mapping'],
    ['nothing', '# nothing\n', 'must hold one mapping'],
  ])('with %s is one sentence', (_, text, words) => {
    expect(() => meaning(text)).toThrow(words);
  });

  test('has the line of an answer, or of what it would be in', () => {
    expect(
      [['programs', 'api', 'cmd'], ['programs', 'api', 'port'], ['volumes']].map((path) =>
        lineOfAnswer(yaml, FILE, path),
      ),
    ).toEqual([13, 12, undefined]);
  });
});

const key = fc.constantFrom('a', 'b', 'c-d', 'on', '1', 'é');
const text = fc.oneof(
  fc.constantFrom(
    'x',
    'yes',
    '0644',
    'a: b',
    'a #b',
    "it's",
    '"',
    '',
    '- a',
    '*x',
    '&x',
    '!x',
    '%x',
    '@x',
    '`x',
    '2001-01-01',
    '1e3',
    'a\nb',
    'a\n',
    '\ta',
    '{x}',
    '[x',
    'null',
    '~',
  ),
  fc.string({ unit: 'grapheme', maxLength: 6 }).filter((word) => !/\p{Surrogate}/u.test(word)),
);
const env = fc.dictionary(key, text, { maxKeys: 3, noNullPrototype: true });
const program = fc.record(
  { cmd: fc.constantFrom('sleep 9', "say 'it'"), env, args: fc.array(text, { maxLength: 3 }) },
  { requiredKeys: ['cmd'], noNullPrototype: true },
);
const answers = fc.record(
  {
    name: fc.constant('shop'),
    publish: fc.integer({ min: 1024, max: 9999 }),
    packages: fc.array(fc.constantFrom('curl', 'jq', 'make', 'git'), { maxLength: 4 }),
    programs: fc.dictionary(fc.constantFrom('api', 'web', 'worker'), fc.oneof(program, fc.constant(null)), {
      noNullPrototype: true,
    }),
    app: fc.dictionary(key, fc.oneof(text, fc.integer(), fc.boolean(), env), { maxKeys: 3, noNullPrototype: true }),
  },
  { requiredKeys: ['name'], noNullPrototype: true },
) as fc.Arbitrary<Intent>;
/** How a person lays a file out, line by line. */
const layout = fc.record({
  indent: fc.constantFrom(2, 3, 4),
  isFlow: fc.boolean(),
  ends: fc.constantFrom('\n', '\r\n'),
  notes: fc.array(fc.constantFrom('', ' # beside', 'above', 'blank'), { minLength: 1, maxLength: 7 }),
  isOpen: fc.boolean(),
});

/** The text that a person may have written for answers. */
const written = fc.tuple(answers, layout).map(([intent, { indent, isFlow, ends, notes, isOpen }]) => {
  const document = new yaml.Document(yaml.parse(newAnswersText(yaml, intent)));
  yaml.visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string') node.type = notes.length % 2 === 0 ? 'QUOTE_SINGLE' : 'QUOTE_DOUBLE';
    },
    Map: (_, node, path) => {
      if (isFlow && path.length > 4) node.flow = true;
    },
  });
  const plain = document.toString({
    indent,
    lineWidth: 0,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
    flowCollectionPadding: notes.length > 2,
  });
  const lines = plain.trimEnd().split('\n');
  // Comments go nowhere into text of several lines.
  const isSimple = !/[|>][+-]?\n|'[^'\n]*\n/.test(plain);
  const noted = lines.flatMap((line, index) => {
    const note = notes[index % notes.length] as string;
    const spaces = /^ */.exec(line)?.[0] ?? '';
    if (!isSimple || note === '') return [line];
    if (note === 'above') return [`${spaces}# above ${index}`, line];
    return note === 'blank' ? ['', line] : [`${line} # beside ${index}`];
  });
  return (isOpen ? noted.join('\n') : `${noted.join('\n')}\n`).replaceAll('\n', ends);
});

/** What removes one of the answers, at any depth. */
function removalIn(intent: Intent, pick: number): Intent {
  const paths = (tree: Intent, above: string[]): string[][] =>
    Object.entries(tree).flatMap(([key, value]) => [
      ...(key === 'name' ? [] : [[...above, key]]),
      ...(typeof value === 'object' && value && !Array.isArray(value) ? paths(value as Intent, [...above, key]) : []),
    ]);
  const all = paths(intent, []);
  const path = all[pick % all.length] ?? ['publish'];
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), null) as Intent;
}

const PARAMETERS = { numRuns: CASES, seed: SEED };

test('an edit means what was asked for, and keeps comments, order and what is elsewhere', () => {
  fc.assert(
    fc.property(written, answers, fc.array(fc.nat()), (before, change, picks) => {
      const removals = picks.map((pick) => removalIn(meaning(before), pick));
      changed(
        before,
        [change, ...removals].reduce((lower, upper) => merge(lower, upper)),
      );
      const after = changed(before, change);
      // What is set goes nowhere: only a list or a dict that another value replaces may take a comment along.
      const scalars = Object.values(change).every((value) => typeof value !== 'object');
      if (scalars) expect(comments(after)).toEqual(comments(before));
      const order = (source: string) => Object.keys(answersInYaml(yaml, 'x', source));
      const kept = order(before).filter((key) => order(after).includes(key));
      expect(order(after).filter((key) => kept.includes(key))).toEqual(kept);
      if (scalars) {
        const ours = after.split(/\r?\n/);
        for (const line of before.split(/\r?\n/)) if (!/^['"]?publish/.test(line)) expect(ours).toContain(line);
      }
    }),
    PARAMETERS,
  );
});

test('a program that is added and removed again leaves each byte of any layout', () => {
  fc.assert(
    fc.property(written, program, (before, added) => {
      // An empty dict that gets an entry is written as lines.
      fc.pre(!/: ?\{\s*\}/.test(before));
      const more = changed(before, { programs: { added } });
      expect(comments(more)).toEqual(comments(before));
      expect(changed(more, { programs: { added: null } })).toBe(before);
    }),
    PARAMETERS,
  );
});
