import { KINDS } from '../lib/stanza/kinds.ts';
import { stanzaGenerator } from '../yeoman/stanza.ts';

/** `yo makina-image:nginx-location [VHOST] PATH [flags]` */
export default stanzaGenerator(KINDS['nginx-location']);
