import { help } from '../bin/help.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:help [VERB]` */
export default verbGenerator('help', help);
