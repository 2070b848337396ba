import type { Flag } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { nearest } from '../lib/text/nearest.ts';
import { table, wrap } from '../lib/text/wrap.ts';
import { widthOf } from '../terminal.ts';
import { print } from './print.ts';
import { GLOBAL_FLAGS, type Listed, type Verb } from './verb.ts';

/** `makina-image help [VERB]` @param verbs all there are */
export function helpVerb(verbs: readonly Listed[]): Verb {
  const names = verbs.map(({ name }) => name);
  return {
    words: '[VERB]',
    choices: names,
    about: 'Lists the verbs, or shows the arguments and flags of one.',
    flags: [],
    run: ({ words }) => {
      if (words.length > 1) throw new UserError(`help takes one verb, not ${words.length} words: ${words.join(' ')}`);
      const [name] = words;
      if (name === undefined) return printHelp(verbs);
      const listed = verbs.find((verb) => verb.name === name);
      const meant = nearest(name, names);
      if (!listed) throw new UserError(`there is no verb "${name}"${meant}; makina-image --help lists them`);
      printVerbHelp(name, listed.load());
    },
  };
}

const EXAMPLES: [string, string][] = [
  ['makina-image new shop', 'create the project ./shop'],
  [`makina-image circus-program worker --cmd 'python3 app/worker.py'`, 'in the project: add a process'],
  ['makina-image upgrade', "in the project: update it to this version's templates and keep your edits"],
];

/** What `makina-image` alone prints. */
export function printShortHelp(): void {
  const examples = EXAMPLES.map(([command, what]) => `  ${command}\n      ${what}`).join('\n');
  print(`makina-image creates Docker image projects and keeps them up to date.\n
${examples}\n
makina-image --help lists all verbs; makina-image VERB --help shows the flags of one.`);
}

/** `makina-image --help` */
export function printHelp(verbs: readonly Listed[]): void {
  const rows = verbs.map(({ name, line, load }): [string, string] => [
    `${name} ${load().words.replace(/ --.*/, '')}`,
    line,
  ]);
  rows.push(['--version', 'print the version']);
  const width = widthOf(1);
  print(`makina-image VERB [flags]

${table(rows, width)}

Flags of every verb:

${table(GLOBAL_FLAGS.map(row), width)}

makina-image VERB --help shows more.`);
}

/** `makina-image VERB --help` */
export function printVerbHelp(name: string, { words, about, flags, passesWords }: Verb): void {
  const width = widthOf(1);
  print(`makina-image ${name} ${(passesWords ? `[flags] ${words}` : `${words} [flags]`).trim()}

${wrap(about, width)}

${table([...flags, ...GLOBAL_FLAGS].map(row), width)}`);
}

function row({ flag, value, hasNo, description }: Flag): [string, string] {
  return [[`--${hasNo ? '[no-]' : ''}${flag}`, value].filter(Boolean).join(' '), description];
}
