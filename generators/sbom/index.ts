import { sbomVerb } from '../bin/sbom.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:sbom [DIR]` */
export default verbGenerator('sbom', sbomVerb);
