import assert from 'node:assert/strict';
import { join } from 'node:path';
import { execa } from 'execa';
import { runToEnd, withContainer } from '../docker.mjs';
import { FOUND, FOUND_IN_LAYERS, PROCESSES } from '../in-container.mjs';
import { DOCKER } from '../machine.mjs';
import { freshVolume, lazyProject, OVERRIDE, override, writeFile, writeOverride } from '../project.mjs';

const NAME = 'e2esecret';
/** What each secret starts with: a part of one is found too. */
const MARK = 'zQ7secret';
const SECRETS = { pillar: `${MARK}7xK`, env: `${MARK}4wM`, override: `${MARK}9vB` };
const LEVELS = ['critical', 'error', 'warning', 'info'];

const FILES = {
  'pillar/init.sls': override(NAME, {
    app: { password: SECRETS.pillar },
    programs: { web: { env: { PASSWORD: SECRETS.env } } },
  }),
};
/** The files that are meant to hold secrets, none of them readable by all. */
const MEANT = [
  `/srv/projects/${NAME}/pillar/builtin.sls`,
  `/srv/projects/${NAME}/pillar/init.sls`,
  `/etc/makina-projects/${NAME}/app.json`,
  `/etc/makina-projects/${NAME}/circus/programs/web.json`,
];
const MEANT_AT_RUN_TIME = [
  ...MEANT,
  `/etc/makina-projects/${NAME}/override.sls`,
  `/srv/projects/${NAME}/data/configuration/pillar.sls`,
];

/** Overrides that fail, with a secret in the very value that is wrong or near it. */
const FAILING = {
  'broken YAML': `makina-projects.${NAME}: {data: {app: {password: ${SECRETS.override}, x: [}}`,
  'a wrong type': override(NAME, { programs: { web: { env: SECRETS.override } } }),
  'a wrong value': override(NAME, { programs: { web: { numprocesses: SECRETS.override } } }),
  'a value nginx refuses': override(NAME, {
    app: { password: SECRETS.override },
    vhosts: { other: { default_server: true } },
  }),
};

/** That secrets stay where they belong. */
export async function secretSteps(context) {
  const { step, docker } = context;
  const project = lazyProject(context, NAME, {}, FILES);

  await step('no-secrets in the image', async () => {
    const { image } = await project();
    const args = ['run', '--rm', '--entrypoint', 'python3', image, '-c', FOUND, MARK];
    const inImage = JSON.parse((await docker(args)).stdout);
    assertMeant(inImage, MEANT);
    assert(inImage.length > 0, 'the search finds nothing at all');
    const { stdout } = await docker(['history', '--no-trunc', image]);
    const about = stdout + (await docker(['inspect', image])).stdout;
    assert(!about.includes(MARK), 'it is in the history or the labels of the image');
    const inLayers = await searchLayers(context, image);
    assert(inLayers.length >= inImage.length, 'the search of the layers misses something');
    // Their modes there are not those that count.
    assertPaths(inLayers, MEANT);
    return `in ${inImage.map(({ path, mode }) => `${path} ${mode}`).join(', ')}`;
  });

  await step('no-secrets in a running container', async () => {
    const { image } = await project();
    const { data, run } = freshVolume(await project());
    writeOverride(NAME, data, { app: { other: SECRETS.override } });
    return withContainer(context, image, { run }, async (container) => {
      await container.get();
      const found = await container.python(FOUND, MARK);
      assertMeant(found, MEANT_AT_RUN_TIME);
      const commands = JSON.stringify(await container.python(PROCESSES));
      assert(!commands.includes(MARK), 'a secret is in a command line');
      const asNobody = await docker(['exec', '--user', '65534:65534', container.id, 'python3', '-c', FOUND, MARK]);
      assert.deepEqual(JSON.parse(asNobody.stdout), [], 'a user of no group can read them');
      return `in ${found.map(({ path, mode }) => `${path} ${mode}`).join(', ')}`;
    });
  });

  for (const level of LEVELS)
    await step(`no-secrets in the log of MAKINA_LOG_LEVEL=${level}`, async () => {
      const { image } = await project();
      const { data, run } = freshVolume(await project());
      const options = [...run, '--env', `MAKINA_LOG_LEVEL=${level}`];
      writeOverride(NAME, data, { app: { other: SECRETS.override } });
      await withContainer(context, image, { run: options }, async (container) => {
        await container.get();
        const launcher = `/srv/projects/${NAME}/project/launch.sh`;
        writeOverride(NAME, data, { app: { other: `${SECRETS.override}2` } });
        const reconfigured = await docker(['exec', container.id, launcher, 'reconfigure'], { reject: false });
        assert.equal(reconfigured.exitCode, 0, 'launch.sh reconfigure failed');
        writeOverride(NAME, data, { programs: { web: { numprocesses: SECRETS.override } } });
        const failed = await docker(['exec', container.id, launcher, 'reconfigure'], { reject: false });
        assert.equal(failed.exitCode, 78, 'a bad override is applied');
        await container.stop();
        for (const text of [await container.logs(), reconfigured.all, failed.all])
          assert(!text.includes(MARK), 'a secret is in the log');
      });
      for (const [what, content] of Object.entries(FAILING)) {
        writeFile(join(data, OVERRIDE), content);
        const { code, stdout, stderr } = await runToEnd(context, image, { run: options });
        assert.equal(code, 78, what);
        assert(!`${stdout}${stderr}`.includes(MARK), `a secret is in the log of an override with ${what}`);
      }
    });
}

/** Fails for a file that is not meant to hold a secret. */
function assertPaths(found, meant) {
  const strange = found.filter(({ path }) => !meant.includes(path)).map(({ path }) => path);
  assert.deepEqual(strange, [], 'a secret is where it does not belong');
}

/** The same, and for one that all may read. */
function assertMeant(found, meant) {
  assertPaths(found, meant);
  for (const { path, mode } of found) assert.match(mode, /0$/, `all may read ${path}`);
}

/** The files with a secret in any layer of an image, also those that a later layer removes or shuts. */
async function searchLayers({ env, signal }, image) {
  const options = { env, cancelSignal: signal, timeout: 120_000 };
  const search = ['run', '--rm', '--interactive', '--entrypoint', 'python3', image, '-c', FOUND_IN_LAYERS, MARK];
  // The archive of the image is not kept: it is large.
  const save = execa(DOCKER, ['save', image], { ...options, encoding: 'buffer', buffer: false });
  return JSON.parse((await save.pipe(DOCKER, search, options)).stdout);
}
