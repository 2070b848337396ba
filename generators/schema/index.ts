import { schema } from '../bin/schema.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:schema answers|pillar|report|doctor` */
export default verbGenerator('schema', schema);
