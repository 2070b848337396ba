import type { Flag } from '../../lib/answers/flags.ts';
import { type Named, typedFlags } from './words.ts';

/** A completion script for fish. */
export function fish(verbs: readonly Named[]): string {
  const complete = (condition: string, ...rest: string[]) =>
    ['complete -c makina-image -n', quoted(condition), ...rest].join(' ');
  const lines = verbs.flatMap((verb) => {
    const after = `__makina_image_verb ${verb.name}`;
    return [
      complete('__makina_image_no_verb', '-a', verb.name, '-d', quoted(verb.line)),
      ...((verb.choices ?? verb.names) ? [complete(after, ...offer(verb))] : []),
      ...typedFlags(verb).map((flag) =>
        complete(after, '-l', flag.flag, ...(flag.value ? ['-r', ...offer(flag)] : []), '-d', quoted(flag.description)),
      ),
    ];
  });
  return `# Completion of makina-image for fish.
function __makina_image_no_verb
    test (count (commandline -opc)) -eq 1
end
function __makina_image_verb
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end
complete -c makina-image -f
complete -c makina-image -n __makina_image_no_verb -l help -s h -d 'list the verbs'
complete -c makina-image -n __makina_image_no_verb -l version -d 'print the version'
${lines.join('\n')}`;
}

function offer({ choices, names }: Pick<Flag, 'choices' | 'names'>): string[] {
  if (choices) return ['-f', '-a', quoted(choices.join(' '))];
  if (names === 'file') return ['-F'];
  return names === 'folder' ? ['-f', '-a', quoted('(__fish_complete_directories)')] : ['-f'];
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
