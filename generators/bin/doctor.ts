import { resolve } from 'node:path';
import { isOn, single } from '../lib/answers/flags.ts';
import { doctor } from '../lib/doctor/doctor.ts';
import { doctorText } from '../lib/doctor/finding.ts';
import { UserError } from '../lib/errors.ts';
import { print } from './print.ts';
import { printResult } from './result.ts';
import type { Verb } from './verb.ts';

/** `makina-image doctor [DIR]` */
export const doctorVerb: Verb = {
  words: '[DIR]',
  names: 'folder',
  about:
    'Looks at Node, Docker, the project that DIR is in (this folder if not given), its pillars, its port and its data volume.\nExit code 0: no errors, 1: doctor itself failed, 2: errors were found. Writes nothing.',
  flags: [
    {
      flag: 'volume',
      value: 'DIR',
      names: 'folder',
      description: 'look at this data volume (default: data/ of the project)',
    },
    { flag: 'json', description: 'print the findings as one line of JSON' },
  ],
  run: async ({ flags, words }, { cwd }) => {
    if (words.length > 1) throw new UserError(`doctor takes one folder, not ${words.length} words: ${words.join(' ')}`);
    const volume = single(flags, 'volume');
    const report = await doctor({
      folder: resolve(cwd, words[0] ?? '.'),
      volume: volume === undefined ? undefined : resolve(cwd, volume),
      node: process.versions.node,
      searchPath: process.env.PATH ?? '',
      nodePath: process.env.NODE_PATH ?? '',
    });
    if (isOn(flags, 'json')) print(JSON.stringify(report));
    else printResult(flags, doctorText(report));
    process.exitCode = report.exit;
  },
};
