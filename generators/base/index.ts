import { base } from '../bin/base.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:base DIR` */
export default verbGenerator('base', base);
