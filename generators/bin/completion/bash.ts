import type { Flag } from '../../lib/answers/flags.ts';
import { shell } from '../../lib/text/quote.ts';
import { type Named, typedFlags } from './words.ts';

/** A completion script for bash, also the old one of macOS. */
export function bash(verbs: readonly Named[]): string {
  const values = verbs.flatMap((verb) =>
    typedFlags(verb)
      .filter(({ value }) => value !== undefined)
      .map((flag) => `        ${shell(`${verb.name} --${flag.flag}`)}) ${offer(flag)}; return ;;`),
  );
  const flags = verbs.map(
    (verb) =>
      `            ${verb.name}) _makina_image_offer -W ${shell(words(typedFlags(verb).map(({ flag }) => `--${flag}`)))} ;;`,
  );
  const operands = verbs.filter(({ choices, names }) => choices ?? names);
  return `# Completion of makina-image for bash.
_makina_image() {
    local IFS=$' \\t\\n'
    local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb=\${COMP_WORDS[1]}
    COMPREPLY=()
    # bash takes --flag=value apart.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=\${COMP_WORDS[COMP_CWORD-2]}
    fi
    _makina_image_offer() {
        local word
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$@" -- "$cur")
    }
    _makina_image_paths() {
        compopt -o filenames 2> /dev/null
        _makina_image_offer "$1"
    }
    if ((COMP_CWORD == 1)); then
        _makina_image_offer -W ${shell(words([...verbs.map(({ name }) => name), '--help', '--version']))}
        return
    fi
    case "$verb $prev" in
${values.join('\n')}
    esac
    if [[ $cur == -* ]]; then
        case $verb in
${flags.join('\n')}
        esac
        return
    fi
    case $verb in
${operands.map((verb) => `        ${verb.name}) ${offer(verb)} ;;`).join('\n')}
    esac
}
complete -F _makina_image makina-image`;
}

function words(all: readonly string[]): string {
  return all.join(' ');
}

function offer({ choices, names }: Pick<Flag, 'choices' | 'names'>): string {
  if (choices) return `_makina_image_offer -W ${shell(words(choices))}`;
  return names ? `_makina_image_paths ${names === 'file' ? '-f' : '-d'}` : ':';
}
