import { resolve } from 'node:path';
import { type Flag, single } from '../lib/answers/flags.ts';
import { findEngine } from '../lib/engine/engine.ts';
import { findProject } from '../lib/project/find.ts';
import { safePath } from '../lib/system/search-path.ts';
import { inContainer } from '../lib/verbs/in-container.ts';
import { isTerminal } from '../terminal.ts';
import { ENGINE } from './build.ts';
import type { CommandLine, Host, Listed, Verb } from './verb.ts';

const PROJECT: Flag = {
  flag: 'project',
  value: 'DIR',
  names: 'folder',
  description: 'the project whose container is meant (default: the one that this folder is in)',
};

interface InContainer {
  name: string;
  /** Its words in the container. */
  words: string;
  line: string;
  about: string;
  /** Whether it is for a person, or a pipe: it gets standard input, and a terminal if there is one. Or the words that make it so. */
  isInteractive?: true | readonly string[];
}

/** What `makina` does in a container; templates/runtime/commands/table.py has the same commands. */
const COMMANDS: readonly InContainer[] = [
  {
    name: 'status',
    words: '[--json]',
    line: 'show the programs of the running container, and what is not well',
    about: 'Shows every program and cron of the running container: its state, process, deaths and health.',
  },
  {
    name: 'logs',
    words: 'PROGRAM [-n LINES] [--follow]',
    line: 'show the last lines of a program in the running container',
    about:
      "Shows the last lines of a program or a cron of the running container: 100, or as many as -n says. With --follow it goes on with those that come, until Ctrl-C. A program with log_format: plain writes into the container's log alone, which docker logs shows.",
    isInteractive: ['--follow', '-f'],
  },
  {
    name: 'exec',
    words: 'PROGRAM COMMAND...',
    line: "run a command in the container with a program's user and environment",
    about:
      'Runs a command in the running container with the user, environment, secrets and folder of a program. Everything after PROGRAM belongs to the command. It gets your terminal if standard input and output are one. Without a terminal, a signal ends only this side: the command goes on in the container.',
    isInteractive: true,
  },
  {
    name: 'shell',
    words: '[PROGRAM]',
    line: "open a shell in the container with a program's user and environment",
    about:
      'Opens a shell in the running container with the user, environment, secrets and folder of a program. PROGRAM can be left out if there is only one.',
    isInteractive: true,
  },
  {
    name: 'start',
    words: 'PROGRAM...',
    line: 'start programs in the running container',
    about:
      'Starts programs of the running container that are stopped, and waits for them. makina-image up starts the container itself.',
  },
  {
    name: 'stop',
    words: 'PROGRAM...',
    line: 'stop programs in the running container, which goes on',
    about:
      'Stops programs of the running container. The container and its other programs go on; makina-image down stops the container.',
  },
  {
    name: 'restart',
    words: 'PROGRAM...',
    line: 'restart programs in the running container',
    about: 'Stops programs of the running container and starts them again.',
  },
  {
    name: 'reconfigure',
    words: '',
    line: 'apply the override pillar to the running container',
    about: 'Applies data/configuration/pillar.sls to the running container, and restarts what changed.',
  },
  {
    name: 'rotate-secret',
    words: 'NAME',
    line: 'draw a new secret in the running container',
    about:
      'Draws a new one of the secrets of the running container, and restarts what uses it. If that fails, the old one is back.',
  },
  {
    name: 'config',
    words: '[KEY...] [--json]',
    line: 'show the settings that count in the running container, and their files',
    about:
      'Shows the settings that count in the running container, and the file that each comes from, without secrets. A KEY is a path such as app:database.',
  },
  {
    name: 'live',
    words: '',
    line: 'end with 0 if the running container works or still starts',
    about: 'Ends with 0 if the running container works, or still starts.',
  },
  {
    name: 'ready',
    words: '',
    line: 'end with 0 if the running container is healthy',
    about: 'Ends with 0 if the running container is healthy, and says why not otherwise.',
  },
];

/** The verbs that hand their words to `makina` in the running container of a project. */
export const CONTAINER_VERBS: readonly Listed[] = COMMANDS.map((command) => ({
  name: command.name,
  line: command.line,
  isForBinAlone: true,
  load: () => verbOf(command),
}));

function verbOf({ name, words, about, isInteractive }: InContainer): Verb {
  const more = `It finds the container that makina-image up or compose started for the project, the one with the project's name, or the only one of its image. Flags of makina-image come before the other words.\nThe exit code is that of makina in the container. 69: no container runs, 2: a flag is wrong, 1: the engine failed.`;
  return {
    words,
    about: `${about}\n${more}`,
    flags: [PROJECT, ENGINE],
    passesWords: true,
    run: (line, host) =>
      run(name, isInteractive === true || line.words.some((word) => isInteractive?.includes(word)), line, host),
  };
}

async function run(name: string, isInteractive: boolean, { flags, words }: CommandLine, { cwd }: Host): Promise<void> {
  const root = findProject(resolve(cwd, single(flags, 'project') ?? '.'));
  const engine = await findEngine(single(flags, 'engine'), safePath(process.env.PATH ?? '', root));
  process.exitCode = await inContainer({
    engine,
    root,
    words: [name, ...words],
    hasInput: isInteractive,
    hasTerminal: isInteractive && isTerminal(0, 1),
  });
}
