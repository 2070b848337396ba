import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { commandsOf, groups } from '../../docs/blocks.mjs';
import { prepareCommands, prepareProject, runGroup } from '../../docs/run-blocks.mjs';
import { freePort, waitForPage } from '../docker.mjs';
import { DOCKER } from '../machine.mjs';
import { freshFolder, proxies } from '../project.mjs';

/** The command blocks of README.md and docs/ that need Docker, as they stand; the others are run by test/commands.test.ts. */
export async function docsSteps(context) {
  const { work, env: engine, debian, options, signal, docker, base, step, ownEngine } = context;
  // They build images under the names of the docs, which somebody's own images may have.
  if (!ownEngine) return console.log('-- the commands of the docs are run in an engine of our own alone');
  await docker(['tag', base, 'makina-image-base:0.2']);
  const port = await freePort();
  const env = {
    ...prepareCommands(join(work, 'docs-bin')),
    ...engine,
    DOCKER_BUILDKIT: '0',
    COMPOSE_DOCKER_CLI_BUILD: '0',
  };
  writeDocker(join(work, 'docs-bin'), { debian, port, certificates: options.certificates });
  const project = await prepareProject(freshFolder(join(work, 'docs-project-')), env);
  const runOther = (_block, command, how) => untilItServes(command, how, port, signal);
  for (const group of groups().filter((blocks) => blocks.some(({ how }) => how.includes('with Docker')))) {
    await step(`docs ${group[0].where}, ${group.flatMap(commandsOf).length} commands`, () =>
      runGroup(group, { folder: freshFolder(join(work, 'docs-')), project, env, timeout: 300_000, runOther }),
    );
  }
}

/**
 * Writes the commands `docker` and `docker-compose` for the blocks: Docker's own, but builds get what this machine needs to reach
 * its package indexes, and what is published on 8080 is published on a free port of 127.0.0.1.
 */
function writeDocker(folder, { debian, port, certificates }) {
  const pip = ['PIP_INDEX_URL', 'PIP_DEFAULT_TIMEOUT'].filter((name) => process.env[name]);
  const passed = [
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
        set -- ${passed.join(' ')} "$@" ;;
    run)
        for word; do
            shift
            case $word in 8080:*) word=127.0.0.1:${port}:\${word#8080:} ;; esac
            set -- "$@" "$word"
        done ;;
esac
exec ${DOCKER} "$verb" "$@"`;
  const compose = `sed 's/"8080:/"127.0.0.1:${port}:/' compose.yaml | docker-compose --file - "$@"`;
  const own = `PATH=$(echo "$PATH" | sed 's#^[^:]*:##')`;
  for (const [name, text] of Object.entries({ docker, 'docker-compose': `${own}\n${compose}` }))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** Runs a command on a terminal until a page is served on the port, and types ^C then; returns what execa returns. */
async function untilItServes([file, flag, script], { cwd, env, timeout }, port, signal) {
  const command = `${file} ${flag} '${script.replaceAll("'", "'\\''")}'`;
  const terminal = execa('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    ...{ cwd, env, timeout, extendEnv: false, all: true, reject: false },
    cancelSignal: signal,
  });
  let ended = false;
  terminal.finally(() => {
    ended = true;
  });
  const mustRun = async () => {
    if (ended) throw new Error(`it has ended:\n${(await terminal).all}`);
  };
  await waitForPage(`http://127.0.0.1:${port}/`, timeout / 1000, signal, mustRun);
  terminal.stdin.write('\x03');
  return terminal;
}
