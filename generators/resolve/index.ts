import { resolve } from '../bin/conflict.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:resolve PATH... --merged|--ours|--theirs` */
export default verbGenerator('resolve', resolve);
