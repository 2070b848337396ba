import { backupVerb } from '../bin/backup.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:backup FILE` */
export default verbGenerator('backup', backupVerb);
