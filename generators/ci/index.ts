import { ci } from '../bin/ci.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:ci github|gitlab...` */
export default verbGenerator('ci', ci);
