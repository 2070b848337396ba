/** What does not fit together within a program, and programs that a config names as its readers, and that do not exist. */

import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

export function checkPrograms({ programs }: Image): Problem[] {
  return Object.entries(programs).flatMap(([name, program]) =>
    [...problemsOf(program)].map(([field, message]) => ({ path: ['programs', name, field], message })),
  );
}

type Program = Image['programs'][string];

function* problemsOf(program: Program): Generator<[field: keyof Program, message: string]> {
  const { oneshot, numprocesses, port = 1, max_age, reload_signal, stop_signal } = program;
  if (oneshot && numprocesses > 1) yield ['numprocesses', 'must be 1 for a program that is oneshot'];
  else if (port + numprocesses > 65536) yield ['numprocesses', 'is more than there are ports from `port` on'];
  if (oneshot && max_age > 0) yield ['max_age', 'must be 0 for a program that is oneshot'];
  if (reload_signal === stop_signal) yield ['reload_signal', 'is its stop_signal too, which ends it; give it another'];
}

export function checkReaders({ configs, programs, crons }: Image): Problem[] {
  return Object.entries(configs).flatMap(([config, { restarts = [] }]) =>
    restarts.flatMap((name, index) => {
      if (name === 'nginx' || programs[name]) return [];
      const isCron = name === 'cron' || crons[name] !== undefined;
      const why = isCron ? '; a cron reads its files anew in each run, so take it away' : '';
      return [
        {
          path: ['configs', config, 'restarts', String(index)],
          message: `names ${name}, which is not a program${why}`,
        },
      ];
    }),
  );
}
