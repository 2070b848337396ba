import { restore } from '../bin/conflict.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:restore PATH...` */
export default verbGenerator('restore', restore);
