import { helpVerb } from '../bin/help.ts';
import { VERBS } from '../bin/verbs.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:help [VERB]` */
export default verbGenerator('help', helpVerb(VERBS));
