import fs from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { type Flag, isOn, single } from '../lib/answers/flags.ts';
import { findEngine } from '../lib/engine/engine.ts';
import { UserError } from '../lib/errors.ts';
import { findProject } from '../lib/project/find.ts';
import { safePath } from '../lib/system/search-path.ts';
import { backup, HOOK } from '../lib/verbs/backup/backup.ts';
import { called } from '../lib/verbs/backup/manifest.ts';
import { defaultName } from '../lib/verbs/backup/output.ts';
import { restoreData } from '../lib/verbs/backup/restore-data.ts';
import { imageOf } from '../lib/verbs/up.ts';
import { ENGINE, stopOnSignal } from './build.ts';
import { printError, write } from './print.ts';
import { printResult } from './result.ts';
import type { CommandLine, Host, Verb } from './verb.ts';

const FLAGS: readonly Flag[] = [
  {
    flag: 'project',
    value: 'DIR',
    names: 'folder',
    description: 'the project whose data is meant (default: the one that this folder is in)',
  },
  ENGINE,
  {
    flag: 'image',
    value: 'IMAGE',
    description: "the image whose tar and Python read and write the files (default: the project's)",
  },
];

/** `makina-image backup FILE` */
export const backupVerb: Verb = {
  words: 'FILE',
  names: 'file',
  about: `Backs up the data of a project into FILE, a tar: its data folder, its volumes, and the secrets and volumes of what compose runs beside it, with owners, modes and checksums. If FILE is a folder, the backup gets a name with the date in it. FILE is never overwritten, and must not be in the project.\nThe containers that use the data are stopped meanwhile, and started again. If the image has an executable project/${HOOK}, they run on: it is called with "before" and "after".\nExit code 0: done, 1: failed, 2: the command line cannot be used, 74: the disk is full or cannot be written, 75: something else uses the data, 130: interrupted. A backup that fails leaves no file, and what it stopped runs again.`,
  flags: [
    ...FLAGS,
    {
      flag: 'without',
      value: 'VOLUME ...',
      description: 'leave out a volume, such as that of a database that you dump',
    },
  ],
  run: runBackup,
};

/** `makina-image restore-data [FILE]` */
export const restoreDataVerb: Verb = {
  words: '[FILE]',
  names: 'file',
  about:
    'Replaces the data of a project with that of a backup. It checks all of FILE and unpacks all of it beside the present data before it replaces anything, and refuses while a container uses the data. If it is interrupted, the next run says what was done, and finishes or undoes it; without FILE, it does only that.\nExit code 0: done, 1: failed, 2: the command line cannot be used, 65: the backup is damaged, or of another project, 74: the disk is full or cannot be written, 75: a container uses the data, 130: interrupted.',
  flags: FLAGS,
  run: runRestore,
};

async function runBackup({ flags, words }: CommandLine, { cwd }: Host): Promise<void> {
  const [word, ...more] = words;
  if (word === undefined || word === '' || more.length > 0)
    throw new UserError('backup takes one word, the file or folder that it writes to: makina-image backup FILE');
  const root = findProject(resolve(cwd, single(flags, 'project') ?? '.'));
  const given = resolve(cwd, word);
  const isInFolder = fs.statSync(given, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const created = new Date().toISOString();
  const file = isInFolder ? join(given, defaultName(imageOf(root).name, created)) : given;
  if (isIn(file, root))
    throw new UserError(`${file} is in the project, and a backup holds secrets; name a place outside of ${root}`);
  const engine = await findEngine(single(flags, 'engine'), safePath(process.env.PATH ?? '', root));
  const isQuiet = isOn(flags, 'quiet');
  const { manifest, bytes } = await backup({
    ...{ engine, root, file, created, tag: single(flags, 'image'), signal: stopOnSignal('on') },
    without: (flags.without ?? []).map(String),
    onStep: (sentence) => isQuiet || printError(`==> ${sentence}`),
    onOutput: (text) => isQuiet || write(2, text),
  });
  const parts = manifest.parts.map((part) => `${called(part)} (${megabytes(part.bytes)})`);
  printResult(flags, `${file} has ${parts.join(', ')}; ${megabytes(bytes)} together`);
}

async function runRestore({ flags, words }: CommandLine, { cwd }: Host): Promise<void> {
  const [word, ...more] = words;
  if (word === '' || more.length > 0)
    throw new UserError('restore-data takes one word, the backup: makina-image restore-data FILE');
  const root = findProject(resolve(cwd, single(flags, 'project') ?? '.'));
  const engine = await findEngine(single(flags, 'engine'), safePath(process.env.PATH ?? '', root));
  const isQuiet = isOn(flags, 'quiet');
  const earlier = await restoreData({
    ...{ engine, root, tag: single(flags, 'image'), signal: stopOnSignal('on') },
    file: word === undefined ? undefined : resolve(cwd, word),
    onStep: (sentence) => isQuiet || printError(`==> ${sentence}`),
  });
  if (word !== undefined) printResult(flags, `the data is that of ${word}; start it with makina-image up or compose`);
  else if (earlier === 'none') printResult(flags, 'no restore was interrupted, so nothing was done');
}

/** Whether a file, which need not be there, is below a folder, whatever links lead there. */
function isIn(file: string, folder: string): boolean {
  const parent = resolve(file, '..');
  const place = fs.existsSync(parent) ? fs.realpathSync(parent) : parent;
  return `${place}${sep}`.startsWith(`${fs.realpathSync(folder)}${sep}`);
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
