/** What runs in containers of its own beside the image: the known kinds in a few fields, everything else in Compose's own words. */

import * as z from 'zod/mini';
import { identifier, matching, optional } from './types.ts';

export const serviceName = matching(
  /^(?!localhost$)[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/,
  'must be 1 to 30 lower-case letters, digits and -, starting with a letter and not ending with -, and not "localhost"',
);
const databaseName = matching(
  /^[a-z][a-z0-9_]{0,29}$/,
  'must be 1 to 30 lower-case letters, digits and _, starting with a letter',
);

/** A service of compose.yaml: what is not declared here is a word of Compose, and goes there as it is. */
export const serviceSchema = z.catchall(
  z.object({
    kind: optional(
      z.enum(['postgresql', 'mariadb', 'redis', 'memcached']),
      'One of postgresql, mariadb, redis and memcached, whose volume, health check and password need no word',
    ),
    image: optional(
      matching(/^[!-~]{1,400}$/, 'must be the name of an image'),
      'Its image; that of its `kind` if not given',
    ),
    programs: optional(
      z.array(identifier),
      'Programs and crons that get its address and password, and programs that wait for it; all if not given',
    ),
    database: optional(databaseName, 'Name of its database; that of the project if not given'),
    username: optional(databaseName, 'Name of its user; that of the project if not given'),
  }),
  z.json(),
);

export type Service = z.output<typeof serviceSchema>;
