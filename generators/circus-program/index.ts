import { stanzaVerb } from '../bin/stanza.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:circus-program NAME [flags]` */
export default verbGenerator('circus-program', stanzaVerb('circus-program'));
