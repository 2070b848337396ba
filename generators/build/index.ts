import { buildVerb } from '../bin/build-verb.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:build [DIR]` */
export default verbGenerator('build', buildVerb);
