import { stanzaVerb } from '../bin/stanza.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:service NAME [flags]` */
export default verbGenerator('service', stanzaVerb('service'));
