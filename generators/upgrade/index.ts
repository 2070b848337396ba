import { upgrade } from '../bin/upgrade.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:upgrade [DIR...]` */
export default verbGenerator('upgrade', upgrade);
