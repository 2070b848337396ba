/** Runs the command blocks of the docs as a reader would type them, in folders of their own. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { agrees, checkout, commandsOf } from './blocks.mjs';

const GIT = { GIT_AUTHOR_NAME: 'me', GIT_AUTHOR_EMAIL: 'me@example.com', GIT_CONFIG_GLOBAL: '/dev/null' };

/**
 * Writes the commands that the blocks call: `makina-image`, `npx --no makina-image`, `yo` and `npx --no yo` of this checkout.
 * @param {string} folder where; made
 * @param {string} built the checkout they run, which the user of the blocks can read
 * @returns {NodeJS.ProcessEnv} the environment in which they are found
 */
export function prepareCommands(folder, built = checkout) {
  const bin = `exec node '${join(built, 'dist/makina-image.cjs')}' "$@"`;
  const yo = `exec node '${join(built, 'node_modules/yo/lib/cli.js')}' "$@"`;
  const npx = `case "$1 $2" in
    '--no makina-image') shift 2; export npm_command=exec; ${bin} ;;
    '--no yo') shift 2; ${yo} ;;
    *) echo "npx $1 $2 is not what the docs may call" >&2; exit 1 ;;
  esac`;
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries({ 'makina-image': bin, yo, npx }))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const { CI: _, npm_command: __, ...inherited } = process.env;
  return {
    ...inherited,
    ...GIT,
    GIT_COMMITTER_NAME: 'me',
    GIT_COMMITTER_EMAIL: 'me@example.com',
    PATH: `${folder}:${process.env.PATH}`,
  };
}

/**
 * Makes the project that blocks run in, which is `demo` with all its answers at their defaults.
 * @param {string} folder @param {NodeJS.ProcessEnv} env
 * @returns the folder it is in
 */
export async function prepareProject(folder, env) {
  mkdirSync(folder, { recursive: true });
  await execa('makina-image', ['new', 'demo', '--yes'], { cwd: folder, env, extendEnv: false });
  await execa('sh', ['-ec', 'git init --quiet && git add --all && git commit --quiet --message Begin'], {
    cwd: join(folder, 'demo'),
    env,
    extendEnv: false,
  });
  return join(folder, 'demo');
}

/**
 * Runs a group of blocks in a folder.
 * @param {import('./blocks.mjs').Block[]} group
 * @param {object} setting
 * @param {string} setting.folder a fresh folder @param {string} setting.project as prepareProject made it
 * @param {NodeJS.ProcessEnv} setting.env @param {number} [setting.timeout] of each command, in milliseconds
 * @param {(command: string[]) => string[]} [setting.wrap] changes the command line of the shell
 * @param {(block: import('./blocks.mjs').Block, command: string[], options: object) => Promise<object>} [setting.runOther] runs a
 *   block that does not end by itself
 * @throws Error that names the block, and says what it printed
 */
export async function runGroup(
  group,
  { folder, project, env, timeout = 30_000, wrap = (command) => command, runOther },
) {
  let cwd = folder;
  if (group[0].folder === 'a project') {
    cwd = join(folder, 'demo');
    const [file, ...args] = wrap(['cp', '-R', project, cwd]);
    await execa(file, args);
  }
  const home = join(folder, '.home');
  mkdirSync(home);
  chmodSync(home, 0o777);
  for (const block of group) {
    if (block.file) writeFileSync(join(cwd, block.file), block.text);
    for (const { script, printed } of commandsOf(block)) {
      const left = join(home, 'left-in');
      // The next one goes on where this one stopped, wherever that is.
      const text = `${block.console ? '' : 'set -eu\n'}trap 'pwd > "${left}"' EXIT\n${script}`;
      const options = {
        cwd,
        env: { ...env, HOME: home },
        extendEnv: false,
        all: true,
        reject: false,
        stdin: 'ignore',
        timeout,
      };
      const command = wrap(['bash', '-c', text]);
      const run = block.how.includes('until it serves') && runOther ? runOther : runToEnd;
      const { exitCode, all, timedOut } = await run(block, command, options);
      const end = timedOut ? 'it did not end' : `exit code ${exitCode}`;
      if (printed === undefined ? exitCode !== 0 : timedOut || !agrees(printed, all, folder))
        throw new Error(`${block.where}: ${end} of\n${script}--- it printed\n${all}`);
      cwd = readFileSync(left, 'utf8').trimEnd();
    }
  }
}

const runToEnd = (_block, [file, ...args], options) => execa(file, args, options);
