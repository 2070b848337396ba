/** What a command line holds that only a shell understands; the launcher's program_checks.py says the same. */

const IN_QUOTES = /\\\r?\n|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*"/g;
/** `$(circus.wid)` and `$(circus.port)` are circus's. A `&` within a word may be that of a URL. */
const OPERATOR = /&&|\|\|?|;|<|>|`|\$\((?!circus\.(?:wid|port)\))|(?<!\S)&|&(?!\S)/;
const REPLACED = /\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|(?<!\S)~\//;
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;
/** No program of Debian has one of these names. */
const BUILTINS = new Set(
  [
    '. : ! ( { [[ alias bg bind break builtin case cd command compgen complete continue declare dirs disown enable eval',
    'exec exit export fc fg for function getopts hash history if jobs let local logout mapfile popd pushd read readonly',
    'return select set shift shopt source suspend times trap type typeset ulimit umask unalias unset until wait while',
  ].flatMap((line) => line.split(' ')),
);

/** What is wrong with a command line that no shell reads; undefined where nothing is. */
export function shellWord(line: string): string | undefined {
  if (line.match(IN_QUOTES)?.some((quoted) => /^\\\r?\n/.test(quoted)))
    return 'has a backslash before a line break; leave the backslash out';
  const bare = line.replace(IN_QUOTES, '\0');
  const [first = ''] = bare.split(/[ \t\r\n]+/).filter((word) => word !== '');
  const [operator] = OPERATOR.exec(bare) ?? [];
  const [replaced] = REPLACED.exec(bare) ?? [];
  const [assigned] = ASSIGNMENT.exec(first) ?? [];
  if (BUILTINS.has(first) || first.startsWith('('))
    return `starts with ${first.startsWith('(') ? '(' : first}, which only a shell knows; write sh -c '...'`;
  if (assigned) return `starts with ${assigned}, which only a shell takes; put it into env, or write sh -c '...'`;
  const odd = operator ?? replaced;
  if (odd) return `has ${odd} outside quotes, but no shell runs this; write sh -c '...', or quote ${odd}`;
  return undefined;
}
