import { restoreDataVerb } from '../bin/backup.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:restore-data [FILE]` */
export default verbGenerator('restore-data', restoreDataVerb);
