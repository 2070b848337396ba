import { type Field, fields } from '../lib/model/fields.ts';
import { type Kind, ownFlags } from '../lib/stanza/kinds.ts';

const VALUE = { string: 'TEXT', integer: 'NUMBER', boolean: '', json: 'JSON' };

/** A flag with what is typed after it. */
function head({ flag, kind, items }: Field): string {
  if (kind === 'boolean') return `--[no-]${flag}`;
  if (kind !== 'list' && kind !== 'dict') return `--${flag} ${VALUE[kind]}`;
  if (items === undefined) return `--${flag} JSON`;
  return `--${flag} ${kind === 'list' ? VALUE[items] : 'KEY=VALUE'} ...`;
}

const CONFLICT: [string, string] = [
  '--conflict MODE',
  'what to do about conflicts: abort (nothing is written; without a terminal), markers (on one), sidecar, ours or theirs',
];

/** `makina-image --help` */
export function printHelp(): void {
  console.log(`makina-image VERB [flags]

  new [NAME]      write a project, or change the model of the one that is there
  circus-program  add, change, remove or list the processes that circus runs
  nginx-vhost     the same with the virtual hosts that nginx serves
  nginx-location  the same with what a virtual host serves
  base DIR        write the folder of the base image
  check           tell whether this version of the generator would change a project
  diff            show what it would change
  upgrade         change it, and keep your edits
  resolve         settle a conflict
  adopt           make a file yours for good
  restore         bring back a file that you deleted
  ci              add the files with which CI keeps a project up to date
  doctor [DIR]    find what would stop a build or a start, and say what to do
  --version       print the version

makina-image VERB --help tells more.`);
}

/** `makina-image new --help` */
export function printNewHelp(): void {
  const rows: [string, string][] = fields.map((field) => [head(field), field.description]);
  rows.push(
    ['--answers FILE', 'answers as JSON or YAML, by field name'],
    ['--destination DIR', 'where to write; ./NAME if not given'],
    CONFLICT,
    ['--yes', 'ask nothing, take the defaults'],
  );
  console.log(
    `makina-image new [NAME] [flags]\n\n${table(rows)}\n\nA flag wins over the answers file, that over .yo-rc.json, that over the defaults.`,
  );
}

/** `makina-image circus-program --help`, and those of the other entries */
export function printStanzaHelp(kind: Kind): void {
  const { verb, words, does, fields } = kind;
  const own = ownFlags(kind).map(({ flag, value, description }): [string, string] => [
    [`--${flag}`, value].filter(Boolean).join(' '),
    description,
  ]);
  const rows: [string, string][] = fields.map((field) => [head(field), field.description]);
  console.log(`makina-image ${verb} ${words} [flags]

${does}, in the project that this folder is in. Only what is given changes.

${table(rows)}

${table([...own, CONFLICT])}`);
}

/** `makina-image base --help` */
export function printBaseHelp(): void {
  console.log(`makina-image base DIR [--conflict=MODE]\n\n${table([CONFLICT])}`);
}

const FOLDERS =
  'DIR is a project, a glob pattern, or - for a list of projects on standard input; this folder if not given.';
const JSON_ROW: [string, string] = ['--json', 'one line of JSON for each project'];
const DOWNGRADE: [string, string] = ['--allow-downgrade', 'go back to an older generator'];

/** `makina-image check --help` */
export function printCheckHelp(): void {
  console.log(`makina-image check [DIR...] [flags]

${FOLDERS}
Exit code 0: in sync, 1: error, 2: would change, 3: would conflict. Writes nothing.

${table([JSON_ROW, DOWNGRADE])}`);
}

/** `makina-image diff --help` */
export function printDiffHelp(): void {
  console.log(`makina-image diff [DIR...] [flags]

${FOLDERS}
Prints what upgrade would do as a diff that git apply takes. Exit codes as check.

${table([['--stat', 'how many lines change in each file'], CONFLICT, JSON_ROW, DOWNGRADE])}`);
}

/** `makina-image upgrade --help` */
export function printUpgradeHelp(): void {
  const rows: [string, string][] = [
    CONFLICT,
    ['--dry-run', 'write nothing, tell what would be done'],
    ['--detailed-exitcode', '2 when something was changed'],
    ['--allow-dirty', 'merge into files whose edits git does not have'],
    JSON_ROW,
    DOWNGRADE,
  ];
  console.log(`makina-image upgrade [DIR...] [flags]

${FOLDERS}
Exit code 0: done, 1: error (nothing written), 3: conflicts.

${table(rows)}`);
}

/** `makina-image resolve --help` */
export function printResolveHelp(): void {
  const rows: [string, string][] = [
    ['--merged', 'the file is as you want it now'],
    ['--ours', 'your side'],
    ['--theirs', "the templates' side"],
  ];
  console.log(`makina-image resolve PATH... --merged|--ours|--theirs\n\n${table(rows)}`);
}

/** `makina-image adopt --help` */
export function printAdoptHelp(): void {
  console.log(
    'makina-image adopt PATH...\n\nThe file is yours from now on: no upgrade looks at it again. restore undoes that.',
  );
}

/** `makina-image ci --help` */
export function printCiHelp(): void {
  console.log(`makina-image ci github|gitlab... [flags]

Adds the files with which CI checks this project weekly and opens a merge request for what is new.

${table([CONFLICT])}`);
}

/** `makina-image doctor --help` */
export function printDoctorHelp(): void {
  const rows: [string, string][] = [
    ['--volume DIR', 'the data volume; data/ of the project if not given'],
    ['--json', 'the findings as one line of JSON'],
  ];
  console.log(`makina-image doctor [DIR] [flags]

Looks at Node, Docker, the project that DIR is in (this folder if not given), its pillars, its port and its data volume.
Exit code 0: no errors, 1: doctor itself failed, 2: errors were found. Writes nothing.

${table(rows)}`);
}

/** `makina-image restore --help` */
export function printRestoreHelp(): void {
  console.log(
    'makina-image restore PATH...\n\nBrings back a file that you deleted, or keeps one up to date again that you adopted.',
  );
}

function table(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([head]) => head.length));
  return rows.map(([head, text]) => `  ${head.padEnd(width)}  ${text}`).join('\n');
}
