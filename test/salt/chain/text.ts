import fc from 'fast-check';

/** What some language on the way takes for its own: YAML, Jinja, mc_project, shells, circus, nginx, Python, cron. */
const PIECES = [
  ...["'", '"', '\\', '\\n', '\\"', ';', ' ', '#', ' # x', '$HOME', '$(id)', '`id`', '%', '%(x)s', '%%', '<%= x %>'],
  ...['{', '}', '{{', '}}', '{{ x }}', '{%', '%}', '{% raw %}', '{% endraw %}', '{#', '#}', '{a:b}', '{a b}', '{0}'],
  ...['{name}', '{data_root}', '{project_root}', '{user}', '$(circus.wid)', '$(circus.port)', '$(circus.env.HOME)'],
  ...[
    '-',
    '- ',
    ':',
    ': ',
    '=',
    '[',
    ']',
    '&a',
    '*a',
    '!!x',
    '|',
    '>',
    '~',
    '?',
    '@',
    ',',
    'yes',
    'null',
    '1e3',
    '0777',
  ],
  ...['x', 'word', 'é', 'ß', '日本', '🎉', '\u00a0', '\u0085', '\u2028', '\ufeff', '\u007f', '\u0001', '\u001b'],
  ...['\n', '\r\n', '\t'],
];
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const piece = (allowed: (piece: string) => boolean) =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...PIECES.filter(allowed)) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }).filter(allowed) },
  );
const joined = (allowed: (piece: string) => boolean) =>
  fc.array(piece(allowed), { maxLength: 7 }).map((pieces) => pieces.join(''));

/** One of what the model takes, rarely one of what it must refuse. */
export const mostly = <T>(good: T[], bad: T[]) =>
  fc.oneof({ weight: 60, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) });

/** Whatever is text to the model. */
export const text = joined((piece) => !piece.includes('\0') && !/\p{Surrogate}/u.test(piece));
/** Text that `spoil` puts where a value has a form. */
export const disturbance = fc.oneof(
  { weight: 9, arbitrary: joined(() => true) },
  { weight: 1, arbitrary: fc.constant('\ud800') },
);

// biome-ignore lint/suspicious/noTemplateCurlyInString: nginx's own
const VARIABLES = ['$host', '${host}', '$1', '$http_x_y', '${arg_a}', '$request_uri', '$scheme', '$cookie_a'];
/** Text in which nginx replaces its variables. */
export const nginxText = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: piece((piece) => !/[$]|\p{Surrogate}/u.test(piece) && !CONTROL.test(piece)) },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: nginx's own
      { weight: 1, arbitrary: mostly(VARIABLES, ['$', '$bogus', '${1}', '$jwt_claim_x', '$hostx']) },
    ),
    { maxLength: 7 },
  )
  .map((pieces) => pieces.join(''));

/** Words that are no text in YAML 1.1, and plain ones. */
export const name = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.constantFrom('y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null', 'e1', 'x-', 'a_'),
  },
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/) },
);

/** A value, sometimes: a field of fc.record that may stay away. */
export const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

type Tree = { [key: string]: unknown };
export interface Sample {
  /** The name of the entry and the entry. */
  tree: Tree;
  sound: Tree;
  /** Where they differ, if they do. */
  spoiled: string[] | undefined;
}

/** Every place in a tree where a key or a string is. */
function places(tree: unknown, path: string[] = []): { path: string[]; isKey: boolean }[] {
  if (typeof tree === 'string') return [{ path, isKey: false }];
  if (typeof tree !== 'object' || tree === null) return [];
  const isKey = !Array.isArray(tree);
  return Object.entries(tree).flatMap(([key, value]) => {
    const inner = places(value, [...path, key]);
    return isKey ? [{ path: [...path, key], isKey }, ...inner] : inner;
  });
}

/** One key or string of some entries disturbed. */
export function spoil(arbitrary: fc.Arbitrary<Tree>): fc.Arbitrary<Sample> {
  const change = fc.record({ which: fc.nat(), where: fc.nat(), text: disturbance });
  return fc.tuple(arbitrary, fc.option(change, { freq: 4 })).map(([sampled, change]) => {
    const sound = JSON.parse(JSON.stringify(sampled)) as Tree;
    const found = places(sound);
    const place = found[(change?.which ?? 0) % found.length];
    if (!change || !place) return { tree: sound, sound, spoiled: undefined };
    const tree = structuredClone(sound);
    const holder = place.path.slice(0, -1).reduce((inner, key) => inner[key] as Tree, tree);
    const key = place.path.at(-1) as string;
    const before = place.isKey ? key : (holder[key] as string);
    const at = change.where % (before.length + 1);
    const after = before.slice(0, at) + change.text + before.slice(at);
    if (!place.isKey) holder[key] = after;
    else if (after !== key && after !== '__proto__') {
      holder[after] = holder[key];
      delete holder[key];
    }
    return { tree, sound, spoiled: place.isKey ? [...place.path.slice(0, -1), after] : place.path };
  });
}
