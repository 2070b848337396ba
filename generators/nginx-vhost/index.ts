import { stanzaVerb } from '../bin/stanza.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:nginx-vhost DOMAIN [flags]` */
export default verbGenerator('nginx-vhost', stanzaVerb('nginx-vhost'));
