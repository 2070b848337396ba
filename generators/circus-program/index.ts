import { KINDS } from '../lib/stanza/kinds.ts';
import { stanzaGenerator } from '../yeoman/stanza.ts';

/** `yo makina-image:circus-program NAME [flags]` */
export default stanzaGenerator(KINDS['circus-program']);
