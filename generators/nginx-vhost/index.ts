import { KINDS } from '../lib/stanza/kinds.ts';
import { stanzaGenerator } from '../yeoman/stanza.ts';

/** `yo makina-image:nginx-vhost DOMAIN [flags]` */
export default stanzaGenerator(KINDS['nginx-vhost']);
