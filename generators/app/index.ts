import { newVerb } from '../bin/new.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image [NAME]` */
export default verbGenerator('new', newVerb());
