import { EXIT, UserError } from '../lib/errors.ts';
import { version } from '../lib/package.ts';
import { nearest } from '../lib/text/nearest.ts';
import { isCi, isTerminal } from '../terminal.ts';
import { parseCommandLine, parsePassing } from './command-line.ts';
import { printFailure } from './errors.ts';
import { printHelp, printShortHelp, printVerbHelp } from './help.ts';
import { print } from './print.ts';
import * as prompts from './prompts.ts';
import type { Host } from './verb.ts';
import { VERBS, verbNamed } from './verbs.ts';

const HOST: Host = {
  get cwd() {
    return process.cwd();
  },
  get command() {
    return process.env.npm_command === 'exec' ? 'npx --no makina-image' : 'makina-image';
  },
  prompts: async () => (!isCi() && isTerminal(0, 1) ? prompts : undefined),
};

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined) return printShortHelp();
  if (name === '--help' || name === '-h') return printHelp(VERBS);
  if (name === '--version') return print(version);
  const listed = verbNamed(name);
  if (['--quiet', '--verbose'].includes(name))
    throw new UserError(`${name} must come after the verb: makina-image VERB ${name}`);
  if (!listed && name.startsWith('-'))
    throw new UserError(`there is no flag ${name} without a verb; makina-image --help lists both`);
  if (!listed) {
    const meant = nearest(
      name,
      VERBS.map(({ name }) => name),
    );
    throw new UserError(`there is no verb "${name}"${meant}; makina-image --help lists them`);
  }
  const verb = listed.load();
  const line = (verb.passesWords ? parsePassing : parseCommandLine)(name, args, verb.flags);
  if (line.flags.help) return printVerbHelp(name, verb);
  await verb.run(line, HOST);
}

const argv = process.argv.slice(2);
main(argv).catch((error: unknown) => {
  printFailure(error, argv.includes('--verbose'));
  const code = error instanceof UserError ? error.code : EXIT.internal;
  process.exitCode = verbNamed(argv[0])?.answers ? EXIT.internal : code;
});
