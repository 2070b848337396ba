import { completion } from '../bin/completion/completion.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:completion bash|fish|zsh` */
export default verbGenerator('completion', completion);
