import { restore } from '../bin/settle.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:restore PATH...` */
export default verbGenerator('restore', restore);
