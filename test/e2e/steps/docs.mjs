import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { blocksOf, checkout, commandsOf, groups } from '../../docs/blocks.mjs';
import { prepareCommands, prepareProject, runGroup } from '../../docs/run-blocks.mjs';
import { freePort, withContainer } from '../docker.mjs';
import { DOCKER } from '../machine.mjs';
import { freshFolder, proxies } from '../project.mjs';
import { untilItServes } from '../terminal.mjs';
import { asUser, copyPackage, giveToUser, readableCopy } from '../user.mjs';
import { projectReadme } from './project-readme.mjs';

/** The command blocks of README.md and docs/ that need Docker, as they stand; the others are run by test/docs/command-blocks.test.ts. */
export async function docsSteps(context) {
  const { env: engine, debian, options, signal, docker, base, step, skip, ownEngine } = context;
  // They build images under the names of the docs, which a user's own images may have.
  if (!ownEngine) return skip('docs', 'it needs an engine of its own; stop the Docker engine that is running');
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  await docker(['tag', base, `makina-image-base:${version.split('.').slice(0, 2).join('.')}`]);
  const port = await freePort();
  // A user's commands, and folders that the user reaches.
  const home = freshFolder(join(tmpdir(), 'makina-image-e2e-docs-'));
  copyPackage(join(home, 'package'));
  const bin = join(home, 'bin');
  const env = {
    ...prepareCommands(bin, join(home, 'package')),
    ...engine,
    // Docker warns where it cannot read root's.
    DOCKER_CONFIG: giveToUser(freshFolder(join(home, 'docker-'))),
    DOCKER_BUILDKIT: '0',
    COMPOSE_DOCKER_CLI_BUILD: '0',
  };
  writeDocker(bin, { debian, port, certificates: options.certificates && readableCopy(options.certificates, home) });
  const project = await prepareProject(freshFolder(join(home, 'project-')), env);
  const wrap = (command) => asUser(engine, command);
  const runOther = (_block, command, how) => untilItServes(command, how, port, signal);
  for (const group of groups().filter((blocks) => blocks.some(({ how }) => how.includes('with Docker')))) {
    await step(`docs ${group[0].where}, ${group.flatMap(commandsOf).length} commands`, () =>
      runGroup(group, {
        folder: giveToUser(freshFolder(join(home, 'docs-'))),
        project,
        env,
        timeout: 300_000,
        wrap,
        runOther,
      }),
    );
  }
  await step('docs: the pod of the manifest, in Docker', () => pod(context));
  await step('the README of a project, command by command', () => projectReadme(context, env, port));
}

/** Starts the image with what the manifest of the docs says of its pod, and calls its probe. */
async function pod(context) {
  const page = 'docs/compose-and-kubernetes.md';
  const manifest = blocksOf(page, readFileSync(join(checkout, page), 'utf8')).find(({ file }) => file === 'demo.yaml');
  const objects = parseAllDocuments(manifest.text).map((document) => document.toJS());
  const of = (kind) => objects.find((object) => object.kind === kind);
  const { volumes, containers } = of('Deployment').spec.template.spec;
  const [{ securityContext, volumeMounts, startupProbe, readinessProbe, env }] = containers;
  const folder = freshFolder(join(context.work, 'docs-pod-'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'pillar.sls'), of('Secret').stringData['pillar.sls'], { mode: 0o400 });
  const mounts = volumeMounts.flatMap(({ name, mountPath, subPath }) => {
    const isMemory = volumes.find((volume) => volume.name === name).emptyDir;
    // As the kubelet makes an emptyDir.
    return isMemory
      ? ['--tmpfs', `${mountPath}:mode=777,exec`]
      : ['--volume', `${folder}/${subPath ?? name}:${mountPath}`];
  });
  const { drop, add } = securityContext.capabilities;
  const run = [
    ...mounts,
    ...drop.flatMap((name) => ['--cap-drop', name]),
    ...add.flatMap((name) => ['--cap-add', name]),
    ...(securityContext.readOnlyRootFilesystem ? ['--read-only'] : []),
    ...(securityContext.allowPrivilegeEscalation ? [] : ['--security-opt', 'no-new-privileges']),
    ...env.flatMap(({ name, value }) => ['--env', `${name}=${value}`]),
  ];
  await withContainer(context, 'demo', { run }, async (container) => {
    assert.match(await container.get(), /Hello from the cluster/);
    for (const probe of [startupProbe, readinessProbe]) await container.exec(...probe.exec.command);
    assert.equal((await container.stop()).code, 0);
  });
}

/**
 * Writes the commands `docker`, `docker-compose` and `curl` for the blocks: the machine's own, but builds get what this machine needs
 * to reach its package indexes, and a free port of 127.0.0.1 is in the place of 8080.
 */
function writeDocker(folder, { debian, port, certificates }) {
  const pip = ['PIP_INDEX_URL', 'PIP_DEFAULT_TIMEOUT'].filter((name) => process.env[name]);
  const buildArgs = [
    '--build-arg',
    `DEBIAN_IMAGE=${debian}`,
    ...pip.flatMap((name) => ['--build-arg', name]),
    ...proxies(),
  ];
  const trust = certificates ? `[ ! -d "$last/certs" ] || cp '${certificates}' "$last/certs/e2e.crt"` : '';
  const docker = `verb=$1
shift
for last; do :; done
case $verb in
    build) ${trust}
        set -- ${buildArgs.join(' ')} "$@" ;;
    run)
        for word; do
            shift
            case $word in 8080:*) word=127.0.0.1:${port}:\${word#8080:} ;; esac
            set -- "$@" "$word"
        done ;;
esac
exec ${DOCKER} "$verb" "$@"`;
  const compose = `sed -i 's/"8080:/"127.0.0.1:${port}:/' compose.yaml
exec docker-compose "$@"`;
  const own = `PATH=$(echo "$PATH" | sed 's#^[^:]*:##')`;
  const curl = `for word; do
    shift
    set -- "$@" "$(echo "$word" | sed 's#localhost:8080#127.0.0.1:${port}#')"
done
exec curl "$@"`;
  const commands = { docker, 'docker-compose': `${own}\n${compose}`, curl: `${own}\n${curl}` };
  for (const [name, text] of Object.entries(commands))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}
