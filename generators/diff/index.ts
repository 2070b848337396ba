import { diff } from '../bin/upgrade.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:diff [DIR...]` */
export default verbGenerator('diff', diff);
