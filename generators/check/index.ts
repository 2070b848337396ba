import { check } from '../bin/upgrade.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:check [DIR...]` */
export default verbGenerator('check', check);
