/** Programs that a config names as its readers, and that do not exist. */

import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

export function checkReaders({ configs, programs }: Image): Problem[] {
  return Object.entries(configs).flatMap(([config, { restarts = [] }]) =>
    restarts.flatMap((name, index) => {
      const path = ['configs', config, 'restarts', String(index)];
      // cron as before 0.3: a cron reads its files anew in each run.
      return name === 'nginx' || name === 'cron' || programs[name]
        ? []
        : [{ path, message: `there is no program ${name}` }];
    }),
  );
}
