import { upVerb } from '../bin/up.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:up [DIR]` */
export default verbGenerator('up', upVerb);
