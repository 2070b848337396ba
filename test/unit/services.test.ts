import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runArguments } from '../../generators/lib/engine/arguments.ts';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { startedServices } from '../../generators/lib/model/services.ts';
import { warningsOf } from '../../generators/lib/model/warnings.ts';
import { render } from '../../generators/lib/render/render.ts';
import { servicesAlone } from '../../generators/lib/render/services.ts';
import { drawSecrets } from '../../generators/lib/verbs/secret-files.ts';

const imageOf = (services: Intent, more: Intent = {}): Image => {
  const { image, problems } = complete({ name: 'shop', services, ...more });
  if (!image) throw new Error(JSON.stringify(problems));
  return image;
};
const wrongIn = (services: Intent, more: Intent = {}) =>
  (complete({ name: 'shop', services, ...more }).problems ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );
const fileOf = (image: Image, path: string) => String(render(image).files.get(path)?.bytes);
const composeOf = (services: Intent, more: Intent = {}) => parse(fileOf(imageOf(services, more), 'compose.yaml'));
const dataOf = (services: Intent, more: Intent = {}) => {
  const text = fileOf(imageOf(services, more), 'project/.salt/PILLAR.sample').replace(/\{%.*%\}/, '{}');
  return parse(text)['makina-projects.projectname'].data;
};

describe('a service of a known kind', () => {
  test('needs no word more: image, restart, volume, secret, health check', () => {
    const { services, volumes, secrets } = composeOf({ db: { kind: 'postgresql' } });
    expect(services.db).toEqual({
      image: 'postgres:17',
      restart: 'unless-stopped',
      environment: {
        PGDATA: '/var/lib/postgresql/data',
        POSTGRES_DB: 'shop',
        POSTGRES_USER: 'shop',
        POSTGRES_PASSWORD_FILE: '/run/secrets/db',
      },
      healthcheck: {
        test: ['CMD', 'pg_isready', '--host=127.0.0.1', '--username=shop', '--dbname=shop'],
        interval: '5s',
        timeout: '5s',
        retries: 10,
        start_period: '60s',
      },
      secrets: ['db'],
      volumes: ['db:/var/lib/postgresql/data'],
    });
    expect(services.shop.depends_on).toEqual({ db: { condition: 'service_healthy' } });
    expect(services.shop.secrets).toEqual(['db']);
    expect([volumes, secrets]).toEqual([{ db: {} }, { db: { file: './.secrets/db' } }]);
  });
  test.each([
    ['mariadb', 'mariadb:11.8', ['db:/var/lib/mysql']],
    ['redis', 'redis:8', ['db:/data']],
    ['memcached', 'memcached:1.6', undefined],
  ])('%s', (kind, image, volumes) => {
    const { services } = composeOf({ db: { kind } });
    expect([services.db.image, services.db.volumes]).toEqual([image, volumes]);
    expect(services.db.healthcheck.test.length).toBeGreaterThan(1);
    expect(services.db.ports).toBeUndefined();
  });
  test('takes more in the words of Compose', () => {
    const { services, volumes } = composeOf({
      db: {
        kind: 'postgresql',
        image: 'postgres:16',
        environment: { POSTGRES_DB: 'other', MORE: '$FROM_HOST' },
        healthcheck: { interval: '1s' },
        volumes: ['./init:/docker-entrypoint-initdb.d:ro', 'more:/more'],
        ports: ['127.0.0.1:5432:5432'],
      },
    });
    expect(services.db).toMatchObject({
      image: 'postgres:16',
      environment: { POSTGRES_DB: 'other', POSTGRES_USER: 'shop', MORE: '$FROM_HOST' },
      healthcheck: { interval: '1s', retries: 10 },
      volumes: ['db:/var/lib/postgresql/data', './init:/docker-entrypoint-initdb.d:ro', 'more:/more'],
      ports: ['127.0.0.1:5432:5432'],
    });
    expect(volumes).toEqual({ db: {}, more: {} });
  });
});

describe('what a program gets', () => {
  test('is all that it needs, without a word of its own', () => {
    const { web } = dataOf({ db: { kind: 'postgresql' }, cache: { kind: 'redis' } }).programs;
    expect(web.env).toMatchObject({
      PGHOST: 'db',
      PGPORT: '5432',
      PGUSER: 'shop',
      PGDATABASE: 'shop',
      REDIS_HOST: 'cache',
    });
    expect(web.env_from).toEqual({ PGPASSWORD: 'file:/run/secrets/db', REDIS_PASSWORD: 'file:/run/secrets/cache' });
    expect(web.wait_for).toEqual(['cache:6379', 'db:5432']);
  });
  test('can be another name of a database and a user', () => {
    const { web } = dataOf({ old: { kind: 'mariadb', database: 'old_notes', username: 'writer' } }).programs;
    expect(web.env).toMatchObject({ MARIADB_HOST: 'old', MARIADB_DATABASE: 'old_notes', MARIADB_USER: 'writer' });
  });
  test('is not what it says itself', () => {
    const web = {
      env: { PGHOST: 'pooler' },
      env_from: { PGPASSWORD: 'file:/run/secrets/other' },
      wait_for: ['pooler:6432'],
    };
    const own = dataOf({ db: { kind: 'postgresql' } }, { programs: { web } }).programs.web;
    expect(own.env).toMatchObject({ PGHOST: 'pooler', PGUSER: 'shop' });
    expect(own.env_from).toEqual({ PGPASSWORD: 'file:/run/secrets/other' });
    expect(own.wait_for).toEqual(['pooler:6432']);
  });
  test('is not waited for where Compose starts it only if it is asked to', () => {
    const { web } = dataOf({ db: { kind: 'postgresql', profiles: ['x'] } }).programs;
    expect([web.env.PGHOST, web.wait_for]).toEqual(['db', undefined]);
    expect(dataOf({ db: { kind: 'postgresql', profiles: [] } }).programs.web.wait_for).toEqual(['db:5432']);
  });
  test('is a cron’s too, and only of those that are named', () => {
    const more = {
      programs: { other: { cmd: 'true' } },
      crons: { clean: { schedule: '@daily', cmd: 'true' }, rest: { schedule: '@daily', cmd: 'true' } },
    };
    const { programs, crons } = dataOf({ db: { kind: 'postgresql', programs: ['other', 'clean'] } }, more);
    expect(programs.web.env.PGHOST).toBeUndefined();
    expect([programs.other.env.PGHOST, crons.clean.env.PGHOST, crons.rest.env]).toEqual(['db', 'db', undefined]);
    expect(crons.clean.wait_for).toBeUndefined();
  });
  test('of a service in the words of Compose is its secret, at a path', () => {
    const { services, secrets } = composeOf({
      search: { image: 'search', secrets: ['key', { source: 'more', target: 'x' }] },
    });
    expect(services.shop.secrets).toEqual(['key', 'more']);
    expect(secrets).toEqual({ key: { file: './.secrets/key' }, more: { file: './.secrets/more' } });
    expect(services.shop.depends_on).toEqual({ search: { condition: 'service_started' } });
    expect(dataOf({ search: { image: 'search' } }).programs.web.env_from).toBeUndefined();
  });
});

test('names that YAML takes for something else are names', () => {
  const services = { on: { kind: 'redis' }, no: { image: 'x', volumes: ['y:/y', '1:/1'], secrets: ['null'] } };
  // Compose 1.29 reads YAML 1.1.
  const of = (text: string) => parse(text, { version: '1.1' });
  const whole = of(fileOf(imageOf(services), 'compose.yaml'));
  const alone = of(servicesAlone(imageOf(services), '/x'));
  for (const { services: read, volumes, secrets } of [whole, alone]) {
    expect(Object.keys(read)).toEqual(expect.arrayContaining(['on', 'no']));
    expect(Object.keys(volumes).sort()).toEqual(['1', 'on', 'y']);
    expect(Object.keys(secrets)).toEqual(['null', 'on']);
  }
  expect(fileOf(imageOf(services), 'compose.yaml')).toContain('\n  "1": {}\n  "on": {}\n');
  expect(Object.keys(whole.services.shop.depends_on)).toEqual(['no', 'on']);
});

describe('what is started', () => {
  test.each([
    [{ image: 'a', healthcheck: { test: ['CMD', 'true'] } }, 'service_healthy'],
    [{ image: 'a', healthcheck: { disable: true } }, 'service_started'],
    [{ kind: 'redis', healthcheck: { disable: true } }, 'service_started'],
    [{ image: 'a', profiles: ['tools'] }, undefined],
  ])('%j before the image: %s', (service, condition) => {
    expect(composeOf({ a: service }).services.shop.depends_on?.a?.condition).toBe(condition);
  });
  test('by up: the image in the network of its services, with their secrets', () => {
    const image = imageOf({ db: { kind: 'postgresql' } });
    const options = { root: '/x', name: 'shop', tag: 'shop', ports: [], environment: {}, live: [] };
    const words = runArguments(image, { ...options, services: { network: 'x_default', secretsIn: '/y' } });
    expect(words.slice(-5)).toEqual([
      ...['--network', 'x_default', '--mount'],
      ...['type=bind,"source=/y/.secrets/db","target=/run/secrets/db",readonly', 'shop'],
    ]);
  });
  test('by up, without a network where Compose starts none of them', () => {
    const image = imageOf({ tool: { image: 'a', secrets: ['key'], profiles: ['tools'] } });
    expect(startedServices(image)).toEqual([]);
    const options = { root: '/x', name: 'shop', tag: 'shop', ports: [], environment: {}, live: [] };
    const words = runArguments(image, { ...options, services: { network: undefined, secretsIn: '/x' } });
    expect(words).not.toContain('--network');
    expect(words).toContain('type=bind,"source=/x/.secrets/key","target=/run/secrets/key",readonly');
  });
  test('by a test: with ports, names and volumes of no one else', () => {
    const image = imageOf(
      { db: { kind: 'redis', ports: ['6379:6379'], container_name: 'mine', volumes: ['shop-var-x:/x'] } },
      { volumes: ['/var/x'] },
    );
    const { services, volumes, secrets } = parse(servicesAlone(image, '/tmp/$x'));
    expect(Object.keys(services)).toEqual(['db']);
    expect([services.db.ports, services.db.container_name]).toEqual([undefined, undefined]);
    expect(volumes).toEqual({ db: {}, 'shop-var-x': {} });
    expect(secrets).toEqual({ db: { file: '/tmp/$$x/db' } });
  });
});

describe('what cannot work is refused', () => {
  const redis = { kind: 'redis' };
  test.each([
    [{ db: {} }, 'services.db must have a kind (postgresql, mariadb, redis, memcached), an image or a build'],
    [{ shop: redis }, 'services.shop has the name of the service that runs the image itself; rename it'],
    [{ localhost: redis }, /^services.localhost the key must be 1 to 30 lower-case letters/],
    [{ 'a-': redis }, /^services.a- the key must be 1 to 30/],
    [{ 'a b': redis }, /^services.a b the key must be 1 to 30/],
    [
      { db: { image: 'a', programs: ['web'] } },
      'services.db.programs has an effect for a service with a kind only; take it away',
    ],
    [{ db: { kind: 'oracle' } }, /^services.db.kind /],
    [
      { db: { ...redis, database: 'x' } },
      'services.db.database has an effect for postgresql and mariadb only; take it away',
    ],
    [
      { db: { kind: 'mariadb', username: 'root' } },
      'services.db.username is root, which mariadb keeps for itself; give it another one',
    ],
    [
      { db: { kind: 'postgresql', database: 'template1' } },
      /^services.db.database is template1, which postgresql keeps/,
    ],
    [
      { db: { ...redis, programs: ['wep'] } },
      'services.db.programs.0 names wep, which is no program and no cron (did you mean web?)',
    ],
    [{ db: { ...redis, program: ['web'] } }, 'services.db.program is not a word of Compose (did you mean programs?)'],
    [{ db: { ...redis, 'a: b': 1 } }, 'services.db.a: b is not a word of Compose'],
    [{ db: { ...redis, volumes: 'x:/y' } }, 'services.db.volumes must be a list'],
    [{ db: { ...redis, secrets: ['../x'] } }, /^services.db.secrets must name secrets of 1 to 64/],
    [{ db: { ...redis, secrets: [{}] } }, /^services.db.secrets must name secrets/],
    [{ db: { ...redis, environment: ['A=1'] } }, 'services.db.environment must be a mapping, as NAME: value'],
    [{ db: { ...redis, healthcheck: 'true' } }, 'services.db.healthcheck must be a mapping, as NAME: value'],
    [
      { a: redis, b: redis },
      'services.b and a are both redis, and web would get the same variables of both; say in `programs` who uses which',
    ],
    [{ db: null }, undefined],
  ])('%j', (services, sentence) => {
    const [first] = wrongIn(services);
    if (sentence instanceof RegExp) expect(first).toMatch(sentence);
    else expect(first).toBe(sentence);
  });
  test('a name that a volume of the image has', () => {
    expect(wrongIn({ 'shop-x': redis }, { volumes: ['/x'] })).toEqual([
      'services.shop-x has the name of a volume of the image; rename it',
    ]);
  });
  test('a database of the name of the project', () => {
    const { problems } = complete({ name: 'mysql', services: { db: { kind: 'mariadb' } } });
    expect(problems?.map(({ path }) => path.join('.'))).toEqual(['services.db.database', 'services.db.username']);
  });
  test('but no word of Compose', () => {
    // Those of Compose 1.29, and some of later ones.
    const words =
      'blkio_config build cap_add cap_drop cgroup_parent command configs container_name cpu_count cpus credential_spec depends_on deploy device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment expose extends external_links extra_hosts group_add healthcheck hostname init ipc isolation labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports privileged profiles pull_policy read_only restart runtime scale security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits user userns_mode volumes_from working_dir annotations attach develop provider models post_start pre_stop use_api_socket x-note';
    const service = Object.fromEntries(words.split(' ').map((word) => [word, 'x']));
    expect(wrongIn({ a: { image: 'a', ...service } })).toEqual([]);
  });
});

test('a password in the words of Compose is a warning', () => {
  const image = imageOf({
    a: { image: 'a', environment: { A_PASSWORD: 'hunter2', B_PASSWORD_FILE: '/run/secrets/a' } },
  });
  expect(warningsOf(image)).toEqual([
    {
      path: ['services', 'a', 'environment', 'A_PASSWORD'],
      message: 'looks like a secret, and git keeps it',
      fix: expect.stringMatching(/^name it in `secrets` of the service/),
    },
  ]);
});

test('any text goes into compose.yaml as it is', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom(' ', 'a', '"', '\\', '\n', '$', '#', ':', '-') }),
  );
  // Answers have no such key: `new` refuses it.
  const key = text.filter((word) => word !== '__proto__');
  const json = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.boolean(),
      fc.integer(),
      fc.array(tie('json')),
      fc.dictionary(key, tie('json')),
    ),
  })).json;
  fc.assert(
    fc.property(fc.dictionary(key, json), fc.array(text), (labels, command) => {
      const { services } = composeOf({ a: { image: 'x', command, labels } });
      const { image, command: read = [], labels: kept = {} } = services.a;
      expect(image).toBe('x');
      expect(read).toEqual(command);
      expect(kept).toEqual(JSON.parse(JSON.stringify(labels)));
    }),
    { numRuns: 300 },
  );
});

test('the README has the commands for a backup of each that keeps something', () => {
  const readme = fileOf(
    imageOf({ db: { kind: 'postgresql' }, old: { kind: 'mariadb' }, c: { kind: 'redis' }, m: { kind: 'memcached' } }),
    'README.md',
  );
  expect(readme.match(/(?<=### Back up and restore ).*/g)).toEqual(['c', 'db', 'old']);
  expect(readme).toContain('docker compose exec -T db pg_dump --username=shop shop > shop-db.sql\n');
});

test('a project without services has no word of them', () => {
  const files = [...render(imageOf({})).files].filter(([path]) => path !== 'README.md');
  for (const [path, { bytes }] of files) expect(String(bytes), path).not.toMatch(/\.secrets|depends_on|\/run\/secrets/);
  expect(fileOf(imageOf({}), 'README.md')).not.toMatch(/## Services|\.secrets/);
});

describe('the secrets of a project', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'makina-image-services-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const image = imageOf({ db: { kind: 'postgresql' }, old: { kind: 'mariadb' }, fast: { kind: 'memcached' } });
  const text = (name: string) => readFileSync(join(folder, '.secrets', name), 'utf8');

  test('are drawn once, for their owner alone, and git ignores them', () => {
    expect(drawSecrets(folder, image)).toEqual(['.secrets/db', '.secrets/old']);
    expect(readdirSync(join(folder, '.secrets')).sort()).toEqual(['.gitignore', 'db', 'old']);
    expect(statSync(join(folder, '.secrets/db')).mode & 0o777).toBe(0o600);
    expect(text('db')).toMatch(/^[0-9a-f]{48}\n$/);
    expect(text('db')).not.toBe(text('old'));
    expect(text('.gitignore')).toBe('*\n');
    const before = text('db');
    rmSync(join(folder, '.secrets/old'));
    expect(drawSecrets(folder, image)).toEqual(['.secrets/old']);
    expect(text('db')).toBe(before);
  });
  test('are left out where no service has one', () => {
    expect(drawSecrets(folder, imageOf({ fast: { kind: 'memcached' } }))).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });
  test.each([
    [
      'a link in the place of the folder',
      () => symlinkSync(tmpdir(), join(folder, '.secrets')),
      '.secrets is there, but not a folder',
    ],
    [
      'a file in the place of the folder',
      () => writeFileSync(join(folder, '.secrets'), ''),
      '.secrets is there, but not a folder',
    ],
    [
      'a link in the place of a secret',
      () => inFolder(() => symlinkSync('/etc/shadow', join(folder, '.secrets/db'))),
      '.secrets/db is there, but not a file with a secret',
    ],
    [
      'a link to nothing',
      () => inFolder(() => symlinkSync('none', join(folder, '.secrets/db'))),
      '.secrets/db is there, but not a file',
    ],
    [
      'an empty secret, as a run that was killed leaves it',
      () => inFolder(() => writeFileSync(join(folder, '.secrets/db'), '')),
      '.secrets/db is there, but not a file with a secret',
    ],
    [
      'a folder in the place of a secret',
      () => inFolder(() => mkdirSync(join(folder, '.secrets/db'))),
      '.secrets/db is there, but not a file',
    ],
  ])('%s is refused', (_, make, sentence) => {
    make();
    expect(() => drawSecrets(folder, image)).toThrow(sentence);
  });

  function inFolder(make: () => void) {
    mkdirSync(join(folder, '.secrets'));
    make();
  }
});
