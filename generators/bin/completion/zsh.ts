import type { Flag } from '../../lib/answers/flags.ts';
import { shell } from '../../lib/text/quote.ts';
import { type Named, typedFlags } from './words.ts';

/** A completion script for zsh: to be sourced, or as the file _makina-image in a folder of $fpath. */
export function zsh(verbs: readonly Named[]): string {
  const described = verbs.map(({ name, line }) => `        ${shell(`${name}:${line}`)}`);
  const cases = verbs.map((verb) => {
    const isAnyWord = !verb.choices && !verb.names;
    // A flag may come after any word, and zsh's own " " for "nothing to offer" keeps it from completing flags there.
    const words = `*:${verb.names ?? 'word'}:${isAnyWord ? '{:}' : action(verb)}`;
    const specs = [...typedFlags(verb).map(spec), words];
    return `        ${verb.name})\n            _arguments -S \\\n${specs.map((text) => `                ${shell(text)}`).join(' \\\n')}\n            ;;`;
  });
  return `#compdef makina-image
# Completion of makina-image for zsh.
_makina-image() {
    local -a verbs
    verbs=(
${described.join('\n')}
        '--help:list the verbs'
        '--version:print the version'
    )
    if ((CURRENT == 2)); then
        _describe verb verbs
        return
    fi
    local verb=$words[2]
    shift words
    ((CURRENT--))
    case $verb in
${cases.join('\n')}
    esac
}
if [[ $funcstack[1] == _makina-image ]]; then
    _makina-image "$@"
else
    compdef _makina-image makina-image
fi`;
}

/** `*--packages=[what it is]:TEXT: ` */
function spec(flag: Flag): string {
  const repeated = flag.value?.endsWith('...') ? '*' : '';
  const text = escaped(flag.description);
  if (flag.value === undefined) return `--${flag.flag}[${text}]`;
  return `${repeated}--${flag.flag}=[${text}]:${escaped(flag.value)}:${action(flag)}`;
}

function action({ choices, names }: Pick<Flag, 'choices' | 'names'>): string {
  if (choices) return `(${choices.join(' ')})`;
  return names ? `_files${names === 'folder' ? ' -/' : ''}` : ' ';
}

function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}
