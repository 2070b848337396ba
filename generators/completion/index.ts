import { completionVerb } from '../bin/completion/completion.ts';
import { VERBS } from '../bin/verbs.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:completion bash|fish|zsh` */
export default verbGenerator('completion', completionVerb(VERBS));
