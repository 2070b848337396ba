import { UserError } from '../../lib/errors.ts';
import { print } from '../print.ts';
import type { Listed, Verb } from '../verb.ts';
import { bash } from './bash.ts';
import { fish } from './fish.ts';
import type { Named } from './words.ts';
import { zsh } from './zsh.ts';

const SHELLS: Record<string, (verbs: readonly Named[]) => string> = { bash, zsh, fish };

/** `makina-image completion bash|zsh|fish` @param verbs all there are */
export function completionVerb(verbs: readonly Listed[]): Verb {
  return {
    words: Object.keys(SHELLS).join('|'),
    choices: Object.keys(SHELLS),
    about: `Prints a script with which a shell completes verbs, flags and their values. To have it at every start:

  bash: echo 'source <(makina-image completion bash)' >> ~/.bashrc
  zsh: echo 'source <(makina-image completion zsh)' >> ~/.zshrc, after compinit
  fish: makina-image completion fish > ~/.config/fish/completions/makina-image.fish`,
    flags: [],
    run: ({ words }) => {
      const script =
        Object.hasOwn(SHELLS, words[0] ?? '') && words.length === 1 ? SHELLS[words[0] as string] : undefined;
      if (!script) throw new UserError('completion takes one shell: makina-image completion bash, zsh or fish');
      print(script(verbs.map(({ name, line, load }) => ({ name, line, ...load() }))));
    },
  };
}
