import { doctorVerb } from '../bin/doctor.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:doctor [DIR]` */
export default verbGenerator('doctor', doctorVerb);
