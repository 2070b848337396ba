import { downVerb } from '../bin/up.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:down [DIR]` */
export default verbGenerator('down', downVerb);
