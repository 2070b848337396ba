import { stanzaVerb } from '../bin/stanza.ts';
import { verbGenerator } from '../yeoman/front.ts';

/** `yo makina-image:nginx-location [VHOST] PATH [flags]` */
export default verbGenerator('nginx-location', stanzaVerb('nginx-location'));
