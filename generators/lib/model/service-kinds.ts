/** The services that need few words: how each is run, and what the programs that use it get. */

import type { Dict } from './dict.ts';
import type { Service } from './service.ts';

/** A service with its names filled in. */
export interface NamedService {
  name: string;
  database: string;
  username: string;
  /** Where its container has its password. */
  password: string;
}

interface ServiceKind {
  /** Of Docker Hub; docs/services.md says what was tried. */
  image: string;
  port: number;
  /** Where its data is; without one it has no volume. */
  data?: string;
  /** How it is run, in Compose's words. A `$` for the container is written twice. */
  words: (service: NamedService) => { environment?: Dict; healthcheck: Dict; command?: string[] };
  /** The variable that says where it is, for a program that uses it. */
  host: string;
  /** What else such a program gets. */
  env: (service: NamedService) => Record<string, string>;
  /** The variable with the password, for such a program; without one it has no password. */
  password?: string;
  /** Command lines for a shell, in the project's folder. @param file where the backup is */
  backup?: (service: NamedService, file: string) => { save: string; restore: string };
}

const POSTGRESQL: ServiceKind = {
  image: 'postgres:17',
  port: 5432,
  data: '/var/lib/postgresql/data',
  words: ({ database, username, password }) => ({
    environment: {
      // From 18 on the image has another place by default.
      PGDATA: '/var/lib/postgresql/data',
      POSTGRES_DB: database,
      POSTGRES_PASSWORD_FILE: password,
      POSTGRES_USER: username,
    },
    // Over TCP: while the image makes the database, its server listens at a socket alone.
    healthcheck: { test: ['CMD', 'pg_isready', '--host=127.0.0.1', `--username=${username}`, `--dbname=${database}`] },
  }),
  host: 'PGHOST',
  env: ({ database, username }) => ({ PGDATABASE: database, PGPORT: '5432', PGUSER: username }),
  password: 'PGPASSWORD',
  backup: ({ name, database, username }, file) => {
    const run = (command: string) => `docker compose exec -T ${name} ${command} --username=${username}`;
    return {
      save: `${run('pg_dump')} ${database} > ${file}.sql`,
      // A table that is newer than the backup would be in the way of its migration.
      restore: [
        `${run('dropdb')} --maintenance-db=template1 --force ${database}`,
        `${run('createdb')} ${database}`,
        `${run('psql')} --quiet --output=/dev/null --single-transaction --set=ON_ERROR_STOP=1 ${database} < ${file}.sql`,
      ].join('\n'),
    };
  },
};

const MARIADB: ServiceKind = {
  image: 'mariadb:11.8',
  port: 3306,
  data: '/var/lib/mysql',
  words: ({ database, username, password }) => ({
    environment: {
      MARIADB_DATABASE: database,
      MARIADB_PASSWORD_FILE: password,
      MARIADB_ROOT_HOST: 'localhost',
      MARIADB_ROOT_PASSWORD_FILE: password,
      MARIADB_USER: username,
    },
    healthcheck: {
      test: [
        ...['CMD', 'sh', '-c', `MYSQL_PWD="$$(cat ${password})" exec "$$@"`, 'sh'],
        ...['mariadb-admin', '--host=127.0.0.1', `--user=${username}`, 'ping'],
      ],
    },
  }),
  host: 'MARIADB_HOST',
  env: ({ database, username }) => ({
    MARIADB_DATABASE: database,
    MARIADB_PORT: '3306',
    MARIADB_USER: username,
  }),
  password: 'MARIADB_PASSWORD',
  backup: ({ name, database, password }, file) => {
    const run = (command: string) =>
      `docker compose exec -T ${name} sh -c 'MYSQL_PWD="$(cat ${password})" exec ${command}'`;
    // Its user cannot read routines of others.
    const dump = 'mariadb-dump --user=root --single-transaction --routines --events --add-drop-database';
    return {
      save: `${run(`${dump} --databases ${database}`)} > ${file}.sql`,
      restore: `${run('mariadb --user=root')} < ${file}.sql`,
    };
  },
};

const REDIS: ServiceKind = {
  image: 'redis:8',
  port: 6379,
  data: '/data',
  words: ({ password }) => ({
    // Redis takes a password from a file of settings alone; on a command line everyone could see it.
    command: [
      'sh',
      '-c',
      `umask 077; echo "requirepass $$(cat ${password})" > "$$0"; chown redis "$$0"; exec docker-entrypoint.sh redis-server "$$0"`,
      '/run/redis.conf',
    ],
    healthcheck: { test: ['CMD', 'sh', '-c', `REDISCLI_AUTH="$$(cat ${password})" redis-cli ping | grep PONG`] },
  }),
  host: 'REDIS_HOST',
  env: () => ({ REDIS_PORT: '6379' }),
  password: 'REDIS_PASSWORD',
  backup: ({ name, password }, file) => ({
    save: `docker compose exec -T ${name} sh -c 'REDISCLI_AUTH="$(cat ${password})" redis-cli --rdb -' > ${file}.rdb`,
    restore: [
      `docker compose stop ${name}`,
      `docker compose run --rm -T --no-deps --entrypoint tee ${name} /data/dump.rdb < ${file}.rdb > /dev/null`,
      `docker compose start ${name}`,
    ].join('\n'),
  }),
};

const MEMCACHED: ServiceKind = {
  image: 'memcached:1.6',
  port: 11211,
  words: () => ({ healthcheck: { test: ['CMD', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/11211'] } }),
  host: 'MEMCACHED_HOST',
  env: () => ({ MEMCACHED_PORT: '11211' }),
};

export const SERVICE_KINDS: Record<NonNullable<Service['kind']>, ServiceKind> = {
  postgresql: POSTGRESQL,
  mariadb: MARIADB,
  redis: REDIS,
  memcached: MEMCACHED,
};
