/** Who reads the files of an image: names that nothing has. */

import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

export function checkReaders({ configs, crons, programs }: Image): Problem[] {
  return Object.entries(configs).flatMap(([config, { restarts = [] }]) =>
    restarts.flatMap((name, index) => {
      const path = ['configs', config, 'restarts', String(index)];
      if (name === 'cron' && Object.keys(crons).length === 0)
        return [{ path, message: 'cron runs only in an image with crons' }];
      return name === 'nginx' || name === 'cron' || programs[name]
        ? []
        : [{ path, message: `there is no program ${name}` }];
    }),
  );
}
