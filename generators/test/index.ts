import { testVerb } from '../bin/test.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:test [DIR]` */
export default verbGenerator('test', testVerb);
