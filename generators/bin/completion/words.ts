import type { Flag } from '../../lib/answers/flags.ts';
import { GLOBAL_FLAGS, type Verb } from '../verb.ts';

/** A verb as the completion scripts need it. */
export interface Named extends Pick<Verb, 'choices' | 'names' | 'flags'> {
  name: string;
  line: string;
}

/** Every flag that can be typed after a verb; one that can be turned off appears twice. */
export function typedFlags({ flags }: Named): Flag[] {
  return [...flags, ...GLOBAL_FLAGS].flatMap((flag) =>
    flag.hasNo ? [flag, { flag: `no-${flag.flag}`, description: `not: ${flag.description}` }] : [flag],
  );
}
