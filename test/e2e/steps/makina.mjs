/** The word `makina` in a container, and the verbs of `makina-image` that reach it from outside. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { LABEL, withContainer } from '../docker.mjs';
import { checkout, DOCKER } from '../machine.mjs';
import { buildProject, built, imageName, lazyProject } from '../project.mjs';

const NAME = 'e2emakina';
const PASSWORD = 'correct horse battery';
const ANSWERS = {
  demo: false,
  programs: {
    web: {
      cmd: 'python3 -m http.server 8000 --bind 127.0.0.1',
      env_from: { DB_PASSWORD: 'app:database:password' },
      healthcheck: 'test ! -e /tmp/sick',
      log_format: 'prefixed',
    },
    migrate: { cmd: 'true', oneshot: true },
  },
  crons: { tick: { cmd: `sh -c 'exit 4'`, schedule: '* * * * *' } },
  app: { database: { password: PASSWORD } },
};
const HARDENED = ['CHOWN', 'DAC_OVERRIDE', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETUID']
  .flatMap((name) => ['--cap-add', name])
  .concat(['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--read-only'])
  .concat(['/run', '/tmp', '/var/lib/nginx'].flatMap((path) => ['--tmpfs', path]));

export async function makinaSteps(context) {
  const { step, docker, env } = context;
  const project = lazyProject(context, NAME, ANSWERS);
  const bin = async (args, more = {}) => {
    const command = [join(checkout, 'dist/makina-image.cjs'), ...args];
    return execa('node', command, {
      cwd: (await project()).folder,
      env,
      reject: false,
      stdin: 'ignore',
      timeout: 60_000,
      ...more,
    });
  };
  /** What `docker exec CONTAINER makina WORDS` does. */
  const makina = ({ id }, ...words) => docker(['exec', id, 'makina', ...words], { reject: false });

  for (const [what, run] of [
    ['', []],
    [' with fewer rights', HARDENED],
  ])
    await step(`makina in a container${what}`, async () =>
      withContainer(
        context,
        (await project()).image,
        { run: [...run, '--health-interval', '1s'] },
        async (container) => {
          await container.healthy();
          const { exitCode, stdout } = await makina(container, 'status', '--json');
          const status = JSON.parse(stdout);
          assert.deepEqual(
            [exitCode, status.healthy, status.problems, status.programs.map(({ name, state }) => `${name} ${state}`)],
            [0, true, [], ['migrate done', 'web running', 'nginx running']],
          );
          const tell = 'echo "$(id -un) $(pwd) $DB_PASSWORD"; exit 42';
          const told = await makina(container, 'exec', 'web', 'sh', '-c', tell);
          assert.deepEqual(
            [told.exitCode, told.stdout],
            [42, `${NAME}-user /srv/projects/${NAME}/project ${PASSWORD}`],
          );
          assert.match((await makina(container, 'restart', 'web')).stdout, /^web restarted: process \d+$/);
          assert.deepEqual(
            [(await makina(container, 'live')).exitCode, (await makina(container, 'ready')).exitCode],
            [0, 0],
          );
          await container.exec('touch', '/tmp/sick');
          const sick = await makina(container, 'ready');
          assert.deepEqual([sick.exitCode, sick.stderr], [1, `${NAME}: web: its healthcheck ended with code 1`]);
          const user = await docker(['exec', '--user', '900', container.id, 'makina', 'status'], { reject: false });
          assert.equal(user.exitCode, 77);
          assert.match(user.stderr, /needs root; leave out --user/);
          const start = performance.now();
          for (let count = 0; count < 5; count += 1) await makina(container, 'status');
          const each = (performance.now() - start) / 5000;
          assert.equal((await container.stop()).code, 0);
          return `docker exec CONTAINER makina status takes ${each.toFixed(2)} s`;
        },
      ),
    );

  await step('makina sees a run of a cron', async () =>
    withContainer(context, (await project()).image, {}, async (container) => {
      await container.get('/', 20).catch(() => undefined);
      for (let seconds = 0; ; seconds += 1) {
        const { stdout } = await makina(container, 'status', '--json');
        const [{ last_run: last }] = JSON.parse(stdout).crons;
        if (last) {
          assert.deepEqual([last.code, last.how], [4, 'exit code 4']);
          return;
        }
        assert(seconds < 65, 'it has not run after 65 s');
        await sleep(1000);
      }
    }),
  );

  await step('makina-image finds the container, and hands on words, input, terminal and exit code', async () => {
    const { image, folder } = await project();
    const run = ['--name', NAME, '--health-interval', '1s'];
    await withContainer(context, image, { run }, async (container) => {
      await container.healthy();
      const status = await bin(['status', '--json']);
      assert.deepEqual([status.exitCode, JSON.parse(status.stdout).project], [0, NAME], status.stderr);
      const away = await bin(['exec', `--project=${folder}`, 'web', 'sh', '-c', 'cat; exit 9', '--help'], {
        cwd: '/',
        stdin: 'pipe',
        input: 'typed',
      });
      assert.deepEqual([away.exitCode, away.stdout], [9, 'typed']);
      assert.deepEqual((await bin(['restart', 'nowhere'])).exitCode, 64);
      const ask = `import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/')`;
      await makina(container, 'exec', 'web', 'python3', '-c', ask);
      const logs = await bin(['logs', 'web', '-n', '1']);
      assert.equal(logs.exitCode, 0, logs.stderr);
      assert.match(logs.stdout, /^web\[1\] 127\.0\.0\.1 .*"GET \/ HTTP\/1\.1" 200 -$/);
      // Nothing of it stays behind in the container, also without a terminal.
      const following = await bin(['logs', 'web', '--follow', '-n', '1'], { stdin: 'pipe', timeout: 5000 });
      assert.match(following.stdout, /^web\[1\] .* 200 -$/);
      for (let tries = 0; /makina\.py .* logs/.test((await docker(['top', container.id])).stdout); tries += 1) {
        assert(tries < 10, 'makina logs --follow goes on');
        await sleep(500);
      }
      const words = `exec node ${join(checkout, 'dist/makina-image.cjs')} exec web sh -c 'test -t 0 && test -t 1 && echo "is $TERM"; exit 5'`;
      const terminal = await execa('script', ['--quiet', '--return', '--command', words, '/dev/null'], {
        cwd: folder,
        env: { ...env, TERM: 'vt100' },
        reject: false,
        stdin: 'ignore',
        timeout: 60_000,
      });
      assert.deepEqual([terminal.exitCode, /is \w/.test(terminal.stdout)], [5, true], terminal.stdout);
    });
    const gone = await bin(['live']);
    assert.deepEqual(
      [gone.exitCode, gone.stderr],
      [69, `makina-image: no container of ${folder} runs; start one with makina-image up`],
    );
  });

  await step(
    'makina-image asks for a name where several containers of one image run, and names an image that is older',
    async () => {
      const { image } = await project();
      await withContainer(context, image, { run: ['--name', 'e2emakina-a'] }, () =>
        withContainer(context, image, { run: ['--name', 'e2emakina-b'] }, async () => {
          const { exitCode, stderr } = await bin(['live']);
          assert.equal(exitCode, 69);
          assert.match(stderr, /several containers of e2emakina run: e2emakina-a, e2emakina-b; name one:/);
        }),
      );
      const older = [
        'run',
        '--detach',
        '--name',
        NAME,
        '--label',
        LABEL,
        '--entrypoint',
        'sleep',
        context.debian,
        '60',
      ];
      const { stdout: id } = await docker(older);
      try {
        const { exitCode, stderr } = await bin(['live']);
        assert.equal(exitCode, 69);
        assert.match(
          stderr,
          /the image of the container e2emakina has no \/usr\/local\/bin\/makina, since it is older/,
        );
      } finally {
        await docker(['rm', '--force', id]);
      }
    },
  );

  await step('another makina of the base image stays', async () => {
    const { folder } = await project();
    const base = imageName('makina-image-e2e/other-makina');
    const text = `FROM ${context.base}\nRUN printf '#!/bin/sh\\necho other\\n' > /usr/local/bin/makina && chmod 755 /usr/local/bin/makina\n`;
    await execa(DOCKER, ['build', '--tag', base, '-'], { env: { DOCKER_BUILDKIT: '0', ...env }, input: text });
    const image = imageName('makina-image-e2e/beside-other-makina');
    built.push(base, image);
    const printed = await buildProject(docker, folder, image, {}, ['--build-arg', `BASE_IMAGE=${base}`]);
    assert.match(printed, /has another \/usr\/local\/bin\/makina, which stays/);
    const { stdout } = await docker(['run', '--rm', image, 'makina']);
    assert.equal(stdout, 'other');
  });
}
