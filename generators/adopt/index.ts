import { adopt } from '../bin/conflict.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:adopt PATH...` */
export default verbGenerator('adopt', adopt);
