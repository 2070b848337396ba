/** Databases beside the image: makina-image up and test, Compose of Debian 12 and 13, backup and restore as the README has them. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort, waitForPage } from '../docker.mjs';
import { checkout } from '../machine.mjs';
import { built, freshFolder, imageName, proxies } from '../project.mjs';
import { asUser, copyPackage, giveToUser, readableCopy } from '../user.mjs';

const NAME = 'e2eservices';
const DJANGO = 'e2edjangodb';
const INSERT = "INSERT INTO notes_note (text, written) VALUES ('kept in PostgreSQL', now())";
const SOURCES = join(checkout, 'test/e2e/services');
const KINDS = ['postgres', 'mariadb', 'redis', 'memcached'];

/** What each database of a fresh volume holds. */
const FRESH = {
  postgresql: ['from the migration'],
  mariadb: ['from the migration'],
  redis: '$-1',
  'without a password': '-NOAUTH Authentication required.',
};

const migration = (id) =>
  `CREATE TABLE notes (id ${id} PRIMARY KEY, text varchar(100));\nINSERT INTO notes (text) VALUES ('from the migration');\n`;
/** The migrations run at each start, and do nothing the second time. */
const FILES = {
  'postgresql.sql': migration('serial'),
  'mariadb.sql': migration('integer AUTO_INCREMENT'),
  // psql has the password and the rest of its variables.
  'postgresql.sh': 'psql -c "SELECT 1 FROM notes" || exec psql --set=ON_ERROR_STOP=1 --file=postgresql.sql\n',
  'mariadb.sh': `export MYSQL_PWD="$MARIADB_PASSWORD"
client() { mariadb --host="$MARIADB_HOST" --user="$MARIADB_USER" "$@" "$MARIADB_DATABASE"; }
client -e "SELECT 1 FROM notes" || client < mariadb.sql
`,
};

const answers = (base, port, name) => ({
  base_image: base,
  publish: port,
  demo: false,
  packages: ['mariadb-client', 'postgresql-client', 'python3-psycopg2', 'python3-pymysql'],
  programs: {
    web: { cmd: 'python3 page.py', working_dir: '{project_root}/app' },
    postgresql: { cmd: 'sh postgresql.sh', working_dir: '{project_root}/app', oneshot: true, priority: 200 },
    mariadb: { cmd: 'sh mariadb.sh', working_dir: '{project_root}/app', oneshot: true, priority: 200 },
  },
  vhosts: { localhost: { default_server: true, locations: { '/': { proxy_pass: 'http://127.0.0.1:8000' } } } },
  services: {
    db: { kind: 'postgresql', image: name('postgres') },
    legacy: { kind: 'mariadb', image: name('mariadb'), database: 'old_notes', username: 'writer' },
    cache: { kind: 'redis', image: name('redis') },
    fast: { kind: 'memcached', image: name('memcached') },
    // In Compose's own words, with the password of another one.
    clock: {
      image: name('redis'),
      command: ['sh', '-c', 'date > /var/lib/clock/started; exec sleep infinity'],
      healthcheck: {
        test: ['CMD', 'test', '-s', '/var/lib/clock/started', '-a', '-s', '/run/secrets/db'],
        interval: '1s',
      },
      init: true,
      secrets: ['db'],
      volumes: ['clock:/var/lib/clock'],
    },
  },
});

export async function serviceSteps(context) {
  const { step, docker, env, signal, options, debian, base } = context;
  const home = freshFolder(join(tmpdir(), 'makina-image-e2e-services-'));
  copyPackage(join(home, 'package'));
  const work = giveToUser(freshFolder(join(home, 'work-')));
  const folder = join(work, NAME);
  const port = await freePort();
  const name = (kind) => imageName(`makina-image-e2e/${kind}`);
  const trust = options.certificates ? ['--certificate', readableCopy(options.certificates, home)] : [];
  const environment = { DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0', ...env, HOME: work };
  const asHim = (words, { cwd = folder, ...more } = {}) => {
    const [file, ...args] = asUser(env, words);
    const how = {
      cwd,
      env: environment,
      stdin: 'ignore',
      all: true,
      reject: false,
      timeout: 600_000,
      cancelSignal: signal,
    };
    return execa(file, args, { ...how, ...more });
  };
  const sure = async (words, more) => {
    const ended = await asHim(words, more);
    assert.equal(ended.exitCode, 0, `${words.join(' ')}:\n${ended.all.slice(-3000)}`);
    return ended;
  };
  const bin = (...args) => [process.execPath, join(home, 'package/dist/makina-image.cjs'), ...args];
  const page = async () => JSON.parse(await waitForPage(`http://127.0.0.1:${port}/`, 60, signal));
  const list = async () => {
    const { stdout } = await docker(['ps', '--all', '--filter', `name=${NAME}`, '--format', '{{.Names}}']);
    return stdout.split('\n').filter(Boolean).sort();
  };
  const hasFresh = async () => {
    const { memcached, ...others } = await page();
    assert.deepEqual(others, FRESH);
    assert.match(memcached, /^VERSION/);
  };
  built.push(NAME, `${NAME}-base`, DJANGO, `${DJANGO}-base`);

  try {
    const isBuilt = await step('the images of the databases are made from the packages of Debian', async () => {
      for (const kind of KINDS) {
        built.push(name(kind));
        const args = ['--build-arg', `DEBIAN=${debian}`, '--target', kind, '--tag', name(kind), SOURCES];
        await docker(['build', ...proxies(), ...args], { timeout: 900_000 });
      }
    });
    if (!isBuilt) return;
    const secrets = ['db', 'legacy', 'cache'].map((secret) => join(folder, '.secrets', secret));
    const drawn = () => secrets.map((file) => readFileSync(file, 'utf8'));
    await step('new draws a secret for each database, for its user alone, and git does not take it', async () => {
      const file = join(work, 'answers.json');
      writeFileSync(file, JSON.stringify(answers(base, port, name)));
      await sure(bin('new', NAME, '--yes', '--answers', file), { cwd: work });
      for (const [path, text] of Object.entries(FILES)) writeFileSync(join(folder, 'project/app', path), text);
      cpSync(join(SOURCES, 'page.py'), join(folder, 'project/app/page.py'));
      assert.deepEqual(
        secrets.map((path) => statSync(path).mode & 0o777),
        [0o600, 0o600, 0o600],
      );
      assert.equal(new Set(drawn()).size, 3);
      for (const text of drawn()) assert.match(text, /^[0-9a-f]{48}\n$/);
      await sure(['git', 'init', '-q']);
      await sure(['git', 'add', '-A']);
      await sure(['git', '-c', 'user.name=e2e', '-c', 'user.email=e2e@example.com', 'commit', '-qm', 'start']);
      assert(!(await sure(['git', 'ls-files'])).stdout.includes('.secrets'));
    });
    await step('up starts them, migrates both databases, and the program reaches all four', async () => {
      const before = drawn();
      const { all } = await sure(bin('up', '--detach', ...trust));
      assert.match(all, /==> Starting cache and clock and db and fast and legacy/);
      await hasFresh();
      assert.deepEqual(drawn(), before);
    });
    await step('no password is in the image, in a command line or in a setting of a container', async () => {
      const ids = (await list()).map((container) => docker(['inspect', container]));
      const shown = (await Promise.all(ids)).map(({ stdout }) => stdout).join('');
      const history = (await docker(['history', '--no-trunc', NAME])).stdout;
      const commands = (await execa('ps', ['axww', '-o', 'args'])).stdout;
      const inImage = (
        await docker(['run', '--rm', '--entrypoint', 'ls', NAME, '-A', '/run/secrets'], { reject: false })
      ).all;
      for (const text of drawn().map((each) => each.trim()))
        for (const place of [shown, history, commands]) assert(!place.includes(text), 'a password is shown');
      assert.match(inImage, /No such file/);
    });
    await step('makina-image test has databases of its own beside it, and leaves nothing', async () => {
      const before = await list();
      const { all } = await sure(bin('test', '--image', NAME));
      assert.match(all, /its services start/);
      assert.deepEqual(await list(), before);
      const volumes = (await docker(['volume', 'ls', '--quiet', '--filter', `name=${NAME}-test`])).stdout;
      assert.equal(volumes, '');
      await hasFresh();
    });
    await step('down stops all of it, and up finds the data again', async () => {
      await sure(bin('down'));
      assert.deepEqual(await list(), []);
      await sure(bin('up', '--detach', ...trust));
      await hasFresh();
    });
    await step('a backup of each, as the README has it, brings back what was lost', async () => {
      const readme = readFileSync(join(folder, 'README.md'), 'utf8');
      const blocks = (title) => {
        const [, section] = readme.split(`### Back up and restore ${title}\n`);
        return [...section.split('\n#')[0].matchAll(/```sh\n([^`]+)```/g)].map(([, block]) =>
          block.replaceAll('docker compose', 'docker-compose'),
        );
      };
      const shell = (text) => sure(['sh', '-ec', text]);
      const redis = (words) =>
        shell(`docker-compose exec -T cache sh -c 'REDISCLI_AUTH="$(cat /run/secrets/cache)" redis-cli ${words}'`);
      await redis('set note kept');
      const kept = { ...(await page()), redis: 'kept' };
      for (const title of ['db', 'legacy', 'cache']) await shell(blocks(title)[0]);
      // What is newer than the backup goes, too.
      const sql = {
        db: (text) => shell(`docker-compose exec -T db psql --username=e2eservices -c '${text}'`),
        legacy: (text) =>
          shell(
            `docker-compose exec -T legacy sh -c 'MYSQL_PWD="$(cat /run/secrets/legacy)" mariadb --user=writer old_notes -e "${text}"'`,
          ),
      };
      for (const run of Object.values(sql)) await run('DROP TABLE notes; CREATE TABLE newer (id integer)');
      await redis('set note lost');
      for (const title of ['db', 'legacy', 'cache']) await shell(blocks(title)[1]);
      assert.deepEqual(await page(), kept);
      for (const run of Object.values(sql)) await run('CREATE TABLE newer (id integer); DROP TABLE newer');
      await redis('del note');
    });
    await step('the containers go when the program is stopped with Ctrl-C', async () => {
      await sure(bin('down'));
      const up = asHim(bin('up', ...trust));
      await hasFresh();
      up.kill('SIGINT');
      assert.equal((await up).exitCode, 0);
      assert.deepEqual(await list(), []);
    });
    await step('docker-compose 1.29 starts the same ones with the same data', async () => {
      await sure(['docker-compose', 'up', '--detach', '--build']);
      try {
        await hasFresh();
        // Compose runs the image too: that is not what up started.
        await sure(bin('down'));
        await hasFresh();
      } finally {
        await sure(['docker-compose', 'down']);
      }
    });
    await step('so does the Compose of Debian 13', () => withNewCompose(['up', '--detach'], ['down'], hasFresh));
    await step('a fresh clone draws secrets of its own with the command of its README', async () => {
      const clone = join(work, 'clone');
      await sure(['git', 'clone', '-q', folder, clone], { cwd: work });
      const [, command] = readFileSync(join(clone, 'README.md'), 'utf8').match(/```sh\n(mkdir -p .secrets[^`]+)```/);
      await sure(['sh', '-ec', command], { cwd: clone });
      assert.notEqual(readFileSync(join(clone, '.secrets/db'), 'utf8'), drawn()[0]);
      assert.equal((await sure(['git', 'status', '--porcelain'], { cwd: clone })).stdout, '');
      mkdirSync(join(clone, 'data'));
      giveToUser(join(clone, 'data'));
      await sure(['docker-compose', 'up', '--detach'], { cwd: clone });
      try {
        await hasFresh();
      } finally {
        await sure(['docker-compose', 'down', '--volumes'], { cwd: clone });
      }
    });
    await step('Django keeps a note in PostgreSQL, from an empty folder with the commands of the docs', async () => {
      const docs = readFileSync(join(checkout, 'docs/services.md'), 'utf8');
      const [, commands] = docs.match(/## Django with PostgreSQL[\s\S]*?```sh\n([^`]+)```/);
      const command = `${process.execPath} ${join(home, 'package/dist/makina-image.cjs')}`;
      const script = commands.replaceAll(/\bshop\b/g, DJANGO).replaceAll('makina-image', command);
      await sure(['sh', '-ec', script], { cwd: work });
      const cwd = join(work, DJANGO);
      await sure(bin('service', 'db', '--image', name('postgres')), { cwd });
      const other = await freePort();
      const build = ['--build-arg', `DEBIAN_IMAGE=${debian}`, ...trust];
      try {
        await sure(bin('up', '--detach', '--publish', String(other), ...build), { cwd });
        assert.match(await waitForPage(`http://127.0.0.1:${other}/`, 60, signal), /It works/);
        await sure(['docker-compose', 'exec', '-T', 'db', 'psql', '-U', DJANGO, '-c', INSERT], { cwd });
        assert.match(await waitForPage(`http://127.0.0.1:${other}/`, 60, signal), /<li>kept in PostgreSQL/);
        assert.match((await sure(bin('exec', 'web', 'python', 'manage.py', 'test'), { cwd })).all, /^OK$/m);
      } finally {
        await asHim(bin('down'), { cwd });
        await asHim(['docker-compose', 'down', '--volumes', '--timeout', '0'], { cwd });
      }
    });
    await step('a database that does not start is named', async () => {
      await sure(bin('service', 'clock', '--unset', 'kind', '--conflict', 'theirs'));
      const file = join(folder, 'compose.override.yaml');
      writeFileSync(file, 'services: {clock: {command: [sleep, infinity], healthcheck: {retries: 1}}}\n');
      await sure(['docker-compose', 'down', '--volumes']);
      const { exitCode, stderr } = await asHim(bin('up', '--detach', ...trust));
      rmSync(file);
      assert.deepEqual(
        [exitCode, /the service clock does not get healthy; docker logs [0-9a-f]+ says why/.test(stderr)],
        [1, true],
        stderr.slice(-1000),
      );
      await sure(bin('down'));
      assert.deepEqual(await list(), []);
    });
  } finally {
    await asHim(bin('down')).catch(() => undefined);
    await asHim(['docker-compose', 'down', '--volumes', '--timeout', '5']).catch(() => undefined);
    rmSync(home, { recursive: true, force: true });
  }

  /** Compose runs in a container of its own, with the engine's socket and the project's folder. */
  async function withNewCompose(up, down, use) {
    const image = imageName('makina-image-e2e/compose');
    built.push(image);
    const recipe = freshFolder(join(home, 'compose-'));
    writeFileSync(
      join(recipe, 'Dockerfile'),
      `FROM ${debian}\nRUN apt-get update && apt-get install -y --no-install-recommends docker-compose ca-certificates\n`,
    );
    await docker(['build', ...proxies(), '--tag', image, recipe], { timeout: 600_000 });
    const host = env.DOCKER_HOST ?? process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
    const mounts = [
      '-v',
      `${host.slice('unix://'.length)}:/var/run/docker.sock`,
      '-v',
      `${folder}:${folder}`,
      '-w',
      folder,
    ];
    const compose = (words) =>
      docker(['run', '--rm', ...mounts, image, 'docker-compose', ...words], { timeout: 300_000 });
    try {
      await compose(up);
      await use();
      return (await compose(['version', '--short'])).stdout;
    } finally {
      await compose(down);
    }
  }
}
